// Runs JavaScript kernels for the tests: one request a line on standard input, one answer a line on standard output.
// JSON has no word for NaN and the infinities: strings of these names stand for them, both ways.

import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { createContext, runInContext } from "node:vm";

const SPECIAL = { NaN, Infinity, "-Infinity": -Infinity };
const decode = (text) => JSON.parse(text, (key, x) => (typeof x === "string" && Object.hasOwn(SPECIAL, x) ? SPECIAL[x] : x));
const encode = (answer) =>
  JSON.stringify(answer, (key, x) => {
    if (ArrayBuffer.isView(x)) return Array.from(x);
    return typeof x === "number" && !Number.isFinite(x) ? String(x) : x;
  });
const typed = (x) => {
  if (!Array.isArray(x)) return x;
  return typeof x[0] === "number" ? Float64Array.from(x) : x.map(typed);
};

const contexts = new Map();
/** The global symce of a script, in a context where no string is compiled to code. */
const scope = (path) => {
  if (!contexts.has(path)) {
    const context = createContext({}, { codeGeneration: { strings: false, wasm: false } });
    runInContext(readFileSync(path, "utf8"), context);
    contexts.set(path, context);
  }
  return contexts.get(path);
};

const answer = async ({ module, script, loss, name, args, float64 }) => {
  const found = script === undefined ? await import(pathToFileURL(module)) : scope(script);
  const owner = script === undefined ? found : loss === undefined ? found.symce : found.symce[loss];
  if (name === undefined) return { result: { names: Object.keys(owner), globals: Object.keys(found) } };
  if (typeof owner[name] !== "function") return { result: owner[name] };
  const given = float64 ? args.map(typed) : args;
  const before = encode(given);
  try {
    const result = owner[name](...given);
    return { result, unchanged: encode(given) === before };
  } catch (error) {
    return { error: { name: error.name, message: error.message } };
  }
};

for await (const line of createInterface({ input: process.stdin })) {
  console.log(encode(await answer(decode(line))));
}
