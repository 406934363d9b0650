
/* Proofs that unfold step by step: buttons, and the arrow keys (or j and k) while the focus is in a proof. */
(() => {
  const walks = [];

  const walk = (box) => {
    const steps = [...box.querySelectorAll(".steps > li")];
    if (steps.length < 2) return;
    const controls = box.querySelector(".controls");
    const button = (act) => controls.querySelector(`[data-act=${act}]`);
    const count = box.querySelector(".count");
    let shown = 0;

    const show = (wanted, { follow = false } = {}) => {
      shown = Math.max(1, Math.min(steps.length, wanted));
      steps.forEach((step, n) => {
        step.classList.toggle("later", n >= shown);
        step.classList.toggle("newest", follow && n === shown - 1);
      });
      const whole = shown === steps.length;
      button("next").setAttribute("aria-disabled", String(whole));
      button("back").setAttribute("aria-disabled", String(shown === 1));
      button("all").textContent = whole ? "Step by step" : "Show all";
      count.textContent = `${shown} of ${steps.length}`;
      if (follow) steps[shown - 1].scrollIntoView({ block: "nearest" });
    };
    const acts = {
      next: () => { if (shown < steps.length) show(shown + 1, { follow: true }); },
      back: () => { if (shown > 1) show(shown - 1); },
      all: () => show(shown === steps.length ? 1 : steps.length),
    };

    controls.hidden = false;
    box.tabIndex = 0;
    box.setAttribute("aria-label", `${box.getAttribute("aria-label")}, step by step: right and left arrow keys`);
    controls.addEventListener("click", (event) => acts[event.target.dataset?.act]?.());
    box.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      const scrolling = event.target.closest(".scrolls") && event.key.startsWith("Arrow");
      const act = { ArrowRight: "next", j: "next", ArrowLeft: "back", k: "back" }[event.key];
      if (!act || scrolling) return;
      event.preventDefault();
      acts[act]();
    });
    show(1);
    walks.push({ box, steps, show });
  };
  for (const box of document.querySelectorAll(".walk")) walk(box);

  const every = document.querySelector("[data-act=steps]");
  every.hidden = walks.length === 0;
  every.addEventListener("click", () => {
    const all = every.getAttribute("aria-pressed") !== "true";
    every.setAttribute("aria-pressed", String(all));
    for (const { box, steps, show } of walks) {
      show(all ? steps.length : 1);
      if (all) box.closest("details").open = true;
    }
  });

  // a link to a line, or to what stands in a folded proof, unfolds the proof as far as that
  const reveal = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const proof = target?.closest("details.proof");
    if (!proof) return;
    proof.open = true;
    const found = walks.find(({ box }) => proof.contains(box));
    if (found) found.show(found.steps.findIndex((step) => step.contains(target)) + 1);
    target.scrollIntoView({ block: "center" });
  };
  addEventListener("hashchange", reveal);
  reveal();
})();
