// The stubs, which answer one case each, and the scenarios in which they take turns.

import {ask, documents, onTraffic} from "./api.js";
import {button, field, form, h, redraw, table} from "./dom.js";
import {edit, entries, goTo, matchWords} from "./entries.js";

/** stubs draws the view; `#/stubs/ID` leads to one of them. */
export function stubs(root, signal, fail) {
  const list = h("section", {"aria-label": "List"});
  const turns = h("section", {"aria-label": "Scenarios"});
  const drawList = entries(list, {
    name: "stub", path: "stubs", caption: "Stubs, in the order in which they are tried", none: "No stub: every request is answered from the document and what is remembered.",
    columns: ["Answer", "When", "Priority", "Answered"], counted: ["answered"], words: ({answer}) => answerWords(answer),
    cells: (one) => [[matchWords(one.when), one.scenario && h("p", {class: "hint"}, scenarioWords(one.scenario))], String(one.priority ?? 0), `${one.answered ?? 0}${one.times ? ` of ${one.times}` : ""}`],
  }, signal);
  const draw = async () => {
    const {scenarios} = await ask("GET", "scenarios", {signal});
    if (!turns.querySelector("input:focus")) redraw(turns, scenarioList(scenarios, draw)); // what is being typed stays
    await drawList();
  };
  root.append(list, h("p", {class: "actions"}, button("Add a stub", () => add(draw, signal), {class: "primary"})), turns);
  onTraffic(signal, draw).catch(fail);
  return goTo("stub", draw);
}

// The example is about an operation that is there: it can be added as it stands.
async function add(draw, signal) {
  const [first] = await documents(signal);
  const operation = first?.operations.find(({method}) => method === "GET") ?? first?.operations[0];
  const example = {description: "what this is for", when: {operation: operation?.id}, times: 3, answer: {}};
  edit("Add a stub", example, {method: "POST", path: "stubs", action: "Add"}, draw);
}

function answerWords({status, example, body, template}) {
  const what = example ? `example ${example}` : body !== undefined ? "a body" : template !== undefined ? "a template" : "as described";
  return `${status ?? "success"}, ${what}`;
}

function scenarioWords({name, state, next}) {
  return `scenario ${name}${state ? `, in state ${state}` : ""}${next ? `, then ${next}` : ""}`;
}

function scenarioList(scenarios, draw) {
  const names = Object.keys(scenarios).sort();
  if (!names.length) return [];
  return [h("h2", {}, "Scenarios"),
    table("Scenarios", ["Scenario", "State"], names.map((name) => [name, scenarioState(name, scenarios[name], draw)])),
    h("p", {class: "actions"}, button("All to the beginning", () => ask("DELETE", "scenarios").then(draw)))];
}

function scenarioState(name, state, draw) {
  const input = h("input", {value: state, spellcheck: "false", maxlength: "64"});
  return form({class: "line"}, [field("State", input, {pointer: "/state"}), h("button", {type: "submit", "aria-label": `Set the state of ${name}`}, "Set")],
    () => ask("PUT", `scenarios/${encodeURIComponent(name)}`, {body: {state: input.value}}), draw);
}
