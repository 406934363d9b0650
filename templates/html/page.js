"use strict";
/* Theme, contents, copying, formulas that scroll, laws of rules at the pointer, printing. */
(() => {
  const root = document.documentElement;
  root.classList.add("js");

  const store = {
    get(key) {
      try { return localStorage.getItem(key); } catch { return null; } // a page from a file may have no storage
    },
    set(key, value) {
      try { localStorage.setItem(key, value); } catch { /* the choice then lasts as long as the page */ }
    },
  };

  // -- light and dark ------------------------------------------------------------------------------------------------
  const system = matchMedia("(prefers-color-scheme: dark)");
  const tools = document.querySelector(".tools");
  const theme = tools.querySelector("[data-act=theme]");
  const isDark = () => (root.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";
  const showTheme = () => theme.setAttribute("aria-pressed", String(isDark()));
  const stored = store.get("symce-theme");
  if (stored === "light" || stored === "dark") root.dataset.theme = stored;
  tools.hidden = false;
  showTheme();
  system.addEventListener("change", showTheme);
  theme.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    store.set("symce-theme", root.dataset.theme);
    showTheme();
  });

  // -- contents: a column where there is room, else folded ------------------------------------------------------------
  const contents = document.querySelector(".contents");
  const wide = matchMedia("(min-width: 70rem)");
  const fold = () => { contents.open = wide.matches; };
  fold();
  wide.addEventListener("change", fold);
  contents.addEventListener("click", (event) => {
    if (event.target.closest("a") && !wide.matches) contents.open = false;
  });
  const links = new Map([...contents.querySelectorAll("a")].map((a) => [a.hash.slice(1), a]));
  const inView = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      for (const link of links.values()) link.removeAttribute("aria-current");
      links.get(entry.target.id)?.setAttribute("aria-current", "true");
    }
  }, { rootMargin: "0px 0px -70% 0px" });
  for (const id of links.keys()) {
    const heading = document.getElementById(id);
    if (heading) inView.observe(heading);
  }

  // -- what is wider than its box scrolls in it, and can then be reached by the keyboard -------------------------------
  const measure = (box) => {
    const scrolls = box.scrollWidth > box.clientWidth + 1;
    box.classList.toggle("scrolls", scrolls);
    if (scrolls) {
      box.tabIndex = 0;
      box.setAttribute("role", "region");
      box.setAttribute("aria-label", `${box.dataset.about}, scrolls sideways`);
    } else if (box.hasAttribute("tabindex")) {
      for (const name of ["tabindex", "role", "aria-label"]) box.removeAttribute(name);
    }
  };
  const sizes = new ResizeObserver((entries) => { for (const { target } of entries) measure(target); });
  for (const box of document.querySelectorAll(".scroll")) sizes.observe(box);

  // -- copying -------------------------------------------------------------------------------------------------------
  for (const button of document.querySelectorAll(".copy")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const code = button.parentElement.querySelector("code");
      try {
        await navigator.clipboard.writeText(code.textContent);
        button.textContent = "Copied";
      } catch { // no permission: the text is marked, and the reader's own keys copy it
        getSelection().selectAllChildren(code);
        button.textContent = "Press Ctrl+C";
      }
      setTimeout(() => { button.textContent = "Copy"; }, 2000);
    });
  }

  // -- the law of a rule, where it is named --------------------------------------------------------------------------
  const tip = document.getElementById("tip");
  const hideTip = () => {
    tip.hidden = true;
    for (const link of document.querySelectorAll("[aria-describedby=tip]")) link.removeAttribute("aria-describedby");
  };
  const showTip = (link) => {
    const law = document.getElementById(link.hash.slice(1))?.querySelector("math");
    if (!law) return;
    tip.replaceChildren(law.cloneNode(true));
    tip.hidden = false;
    link.setAttribute("aria-describedby", "tip");
    const place = link.getBoundingClientRect();
    const left = Math.max(8, Math.min(place.left, root.clientWidth - tip.offsetWidth - 8));
    const above = place.top - tip.offsetHeight - 6;
    tip.style.left = `${left + scrollX}px`;
    tip.style.top = `${(above > 0 ? above : place.bottom + 6) + scrollY}px`;
  };
  for (const link of document.querySelectorAll("a.rule")) {
    link.addEventListener("pointerenter", (event) => { if (event.pointerType !== "touch") showTip(link); });
    link.addEventListener("focus", () => { if (link.matches(":focus-visible")) showTip(link); });
    for (const name of ["pointerleave", "blur", "click"]) link.addEventListener(name, hideTip);
  }
  addEventListener("keydown", (event) => { if (event.key === "Escape") hideTip(); });

  // -- on paper every proof is open ----------------------------------------------------------------------------------
  matchMedia("print").addEventListener("change", ({ matches }) => {
    for (const proof of document.querySelectorAll("details.proof")) {
      if (matches) {
        proof.dataset.open ??= String(proof.open); // what a reader left it as, also if told twice
        proof.open = true;
      } else if (proof.dataset.open) {
        proof.open = proof.dataset.open === "true";
        delete proof.dataset.open;
      }
    }
  });
})();
