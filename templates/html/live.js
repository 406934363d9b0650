
/* Live figures: sliders in, the numbers and bars of a row of logits out, computed by the kernels in `symce`. */
(() => {
  const short = (x) => {
    if (Number.isNaN(x)) return "not a number";
    if (!Number.isFinite(x)) return x > 0 ? "∞" : "−∞";
    const size = Math.abs(x);
    const text = size !== 0 && (size < 5e-4 || size >= 1e5) ? x.toExponential(2) : x.toFixed(3);
    return text.replace(/^-(?=[0.]*$)/, "").replace(/-/g, "−");
  };
  const say = (output, x) => {
    output.dataset.value = String(x);
    output.textContent = short(x);
  };

  const live = (figure) => {
    const data = JSON.parse(figure.dataset.live);
    const part = (name) => figure.querySelector(`[data-part="${name}"]`);
    const rows = part("rows");
    const template = { row: part("row").content, slider: part("slider").content };
    let state;
    let said;

    const start = (loss) => ({
      loss,
      classes: Math.max(data.logits.length, loss.leastClasses),
      logits: Array.from({ length: data.mostClasses }, (_, k) => data.logits[k] ?? 0),
      trueClass: data.trueClass,
      mixing: loss.index || loss.target !== "distribution" ? 0 : 0.3, // one-hot is where such a loss is infinite
      labels: Array.from({ length: data.mostClasses }, (_, k) => (k === data.trueClass ? 1 : 0)),
      params: Object.fromEntries(loss.params.map((p) => [
        p.name, p.perClass ? Array.from({ length: data.mostClasses }, () => p.start) : p.start,
      ])),
    });

    const target = () => {
      const { loss, classes, trueClass, mixing, labels } = state;
      if (loss.target === "none") return undefined;
      if (loss.target === "multilabel" || loss.target === "weights") return labels.slice(0, classes);
      return Array.from({ length: classes }, (_, k) => (k === trueClass ? 1 - mixing : 0) + mixing / classes);
    };

    const compute = () => {
      const { loss, classes, logits, trueClass, params } = state;
      const z = logits.slice(0, classes);
      const y = target();
      const options = { reduction: "sum" };
      for (const p of loss.params) options[p.name] = p.perClass ? params[p.name].slice(0, classes) : params[p.name];
      const kernel = symce[loss.name];
      const given = loss.target === "none" ? [z, options] : [z, loss.dense ? y : trueClass, options];
      return {
        y,
        p: loss.target === "multilabel" ? z.map((x) => symce.sigmoid(x)) : [...symce.softmax(z)],
        value: kernel.value(...given),
        gradient: [...kernel.grad(...given)],
      };
    };

    const draw = () => {
      let result;
      try {
        result = compute();
      } catch (error) { // a kernel's own message says what is wrong and what to do
        part("problem").textContent = error.message;
        return;
      }
      part("problem").textContent = "";
      const { y, p, value, gradient } = result;
      const largest = Math.max(1, ...gradient.map(Math.abs).filter(Number.isFinite));
      [...rows.children].forEach((row, k) => {
        const cell = (name) => row.querySelector(`.${name}`);
        say(cell("p").querySelector("output"), p[k]);
        cell("p").querySelector(".fill").setAttribute("width", 100 * p[k]);
        if (y) {
          say(cell("y").querySelector("output"), y[k]);
          say(cell("d").querySelector("output"), p[k] - y[k]);
        }
        say(cell("g").querySelector("output"), gradient[k]);
        const bar = cell("g").querySelector(".fill");
        const length = Number.isFinite(gradient[k]) ? (100 * gradient[k]) / largest : 0;
        bar.setAttribute("x", Math.min(0, length));
        bar.setAttribute("width", Math.abs(length));
        bar.classList.toggle("negative", length < 0);
        row.classList.toggle("true", hasClass() && k === state.trueClass);
      });
      say(part("loss-value"), value);
      const sum = gradient.reduce((total, g) => total + g, 0);
      say(part("gradient-sum"), sum);
      if (Math.abs(sum) < 1e-12) part("gradient-sum").textContent = short(0); // what rounding leaves of a zero
      for (const output of figure.querySelectorAll(".slider output")) {
        output.textContent = shown(output.parentElement.querySelector("input"));
      }
      clearTimeout(said); // a screen reader is told once the slider rests
      said = setTimeout(() => {
        part("said").textContent = `Loss ${short(value)}; gradient ${gradient.map(short).join(", ")}`;
      }, 400);
    };

    const shown = (input) => String(+Number(input.value).toPrecision(4)).replace("-", "−");
    const hasClass = () => ["index", "distribution"].includes(state.loss.target);

    const slider = (letter, label, range, get, set) => {
      const element = template.slider.cloneNode(true).firstElementChild;
      element.querySelector(".letter").append(letter);
      const input = element.querySelector("input");
      Object.assign(input, { min: range.min, max: range.max, step: range.step });
      input.value = get();
      input.setAttribute("aria-label", label);
      input.addEventListener("input", () => { set(Number(input.value)); draw(); });
      return element;
    };
    const letter = (name, k) => {
      const element = document.createElement("span");
      const index = document.createElement("sub");
      index.textContent = String(k + 1);
      element.append(name, index);
      return element;
    };

    const build = () => {
      const { loss, classes } = state;
      rows.replaceChildren(...Array.from({ length: classes }, (_, k) => {
        const row = template.row.cloneNode(true).firstElementChild;
        const radio = row.querySelector("input");
        const inputs = row.querySelector(".inputs");
        row.querySelector(".who span").textContent = `class ${k + 1}`;
        radio.name = `${figure.id}-true`;
        radio.checked = k === state.trueClass;
        radio.addEventListener("change", () => { state.trueClass = k; draw(); });
        if (hasClass()) radio.parentElement.title = "the true class";
        else radio.remove();
        inputs.append(slider(letter("z", k), `logit of class ${k + 1}`, { min: -6, max: 6, step: 0.1 },
          () => state.logits[k], (x) => { state.logits[k] = x; }));
        if (loss.target === "multilabel" || loss.target === "weights") {
          const max = loss.target === "weights" ? 3 : 1;
          inputs.append(slider(letter("y", k), `target of class ${k + 1}`, { min: 0, max, step: 0.05 },
            () => state.labels[k], (x) => { state.labels[k] = x; }));
        }
        for (const p of loss.params.filter(({ perClass }) => perClass)) {
          inputs.append(slider(letter(p.letter, k), `${p.name} of class ${k + 1}`, p,
            () => state.params[p.name][k], (x) => { state.params[p.name][k] = x; }));
        }
        row.querySelectorAll("[data-when]").forEach((tag) => {
          tag.hidden = tag.dataset.when !== (loss.target === "multilabel" ? "sigmoid" : "softmax");
        });
        row.classList.toggle("no-target", loss.target === "none");
        return row;
      }));
      part("count").textContent = `${classes} classes`;
      for (const [act, end] of [["fewer", classes <= loss.leastClasses], ["more", classes >= data.mostClasses]]) {
        figure.querySelector(`[data-act=${act}]`).setAttribute("aria-disabled", String(end));
      }
      for (const box of figure.querySelectorAll("[data-loss]")) box.hidden = box.dataset.loss !== loss.name;
      for (const input of figure.querySelectorAll(`[data-loss="${loss.name}"] input`)) {
        input.value = state.params[input.dataset.param];
      }
      part("mix").hidden = loss.target !== "distribution";
      part("mixing").value = state.mixing;
      draw();
    };

    for (const box of figure.querySelectorAll("[data-loss]")) {
      for (const input of box.querySelectorAll("input")) {
        input.addEventListener("input", () => { state.params[input.dataset.param] = Number(input.value); draw(); });
      }
    }
    part("mixing").setAttribute("aria-label", "how far the target is moved towards the uniform distribution");
    part("mixing").addEventListener("input", ({ target: input }) => { state.mixing = Number(input.value); draw(); });
    part("loss")?.addEventListener("change", ({ target: choice }) => {
      const { classes, logits, trueClass } = state;
      state = start(data.losses.find(({ name }) => name === choice.value));
      Object.assign(state, { classes: Math.max(classes, state.loss.leastClasses), logits, trueClass });
      build();
    });
    const resize = (by) => {
      const classes = state.classes + by;
      if (classes < state.loss.leastClasses || classes > data.mostClasses) return;
      state.classes = classes;
      state.trueClass = Math.min(state.trueClass, classes - 1);
      build();
    };
    const acts = {
      fewer: () => resize(-1),
      more: () => resize(1),
      reset: () => { state = start(state.loss); build(); },
    };
    figure.addEventListener("click", (event) => acts[event.target.dataset?.act]?.());
    state = start(data.losses[0]);
    figure.querySelector(".stage").hidden = false;
    build();
  };
  for (const figure of document.querySelectorAll("[data-live]")) live(figure);
})();
