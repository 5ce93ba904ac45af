// The faults: what goes wrong on purpose.

import {ask, documents, onTraffic} from "./api.js";
import {button, field, form, h, say, select} from "./dom.js";
import {edit, entries, goTo, matchWords} from "./entries.js";

const number = (attributes) => h("input", {type: "number", min: "0", ...attributes});

// The kinds of openapi/control.yaml with what each is told. `make` gives the input; `value` is what a kind is without any.
const kinds = [
  {name: "latency", label: "Latency", words: "The answer is held back.", fields: [
    {name: "ms", label: "Milliseconds", make: () => number({value: "500"}), help: "With lognormal: the median."},
    {name: "distribution", label: "Distribution", make: () => select([["", "fixed"], ["uniform", "uniform"], ["lognormal", "lognormal"]])},
    {name: "min_ms", label: "From", make: () => number({placeholder: "ms"}), help: "Of uniform."},
    {name: "max_ms", label: "To", make: () => number({placeholder: "ms"}), help: "Of uniform."},
    {name: "sigma", label: "Sigma", make: () => number({step: "any"}), help: "Of lognormal."}]},
  {name: "throttle", label: "Throttle", words: "Requests beyond the rate are refused with 429 and Retry-After.", fields: [
    {name: "per_second", label: "Requests a second", make: () => number({value: "1", step: "any"})},
    {name: "burst", label: "At once", make: () => number({placeholder: "1"})}]},
  {name: "status", label: "Status", words: "Another answer that the operation describes. Nothing is changed.", fields: [
    {name: "code", label: "Status", make: () => number({value: "500"})},
    {name: "example", label: "Example", make: () => h("input", {spellcheck: "false"}), help: "Its name in the document."}]},
  {name: "breach", label: "Breach", words: "The answer breaks the document at one place.", fields: [
    {name: "how", label: "How", make: () => select([["drop", "a required field is missing"], ["type", "a value is of another type"], ["embedded", "JSON in a string is broken"]])},
    {name: "pointer", label: "Where", make: () => h("input", {spellcheck: "false", placeholder: "/items/0/name"}), help: "Left out: the first place that breaks the document."}]},
  {name: "media_type", label: "Media type", words: "Another Content-Type.", make: () => h("input", {value: "text/html", spellcheck: "false"})},
  {name: "malformed", label: "Malformed", words: "The JSON is not JSON.", value: true},
  {name: "truncate", label: "Truncate", words: "The body ends too early, and the connection with it.", fields: [
    {name: "bytes", label: "Bytes that are sent", make: () => number(), help: "Left out: half of them."}]},
  {name: "slow", label: "Slow", words: "The body comes slowly.", fields: [
    {name: "bytes_per_second", label: "Bytes a second", make: () => number({value: "100"})}]},
  {name: "connection", label: "Connection", words: "The connection ends before there is an answer, or in the middle of its header.", make: () => select([["reset", "reset"], ["close", "close"]])},
];

/** faults draws the view; `#/faults/ID` leads to one of them. */
export function faults(root, signal, fail) {
  const list = h("section", {"aria-label": "List"});
  const draw = entries(list, {
    name: "fault", path: "faults", caption: "Faults, in the order in which they are applied", none: "Nothing goes wrong on purpose.",
    columns: ["What", "When", "Acts", "Acted"], counted: ["seen", "acted"], words: faultWords,
    cells: (one) => [matchWords(one.when), actsWords(one), h("span", {class: "whole"}, `${one.acted ?? 0} of ${one.seen ?? 0}`)],
  }, signal);
  root.append(list, adding(draw, signal));
  onTraffic(signal, draw).catch(fail);
  return goTo("fault", draw);
}

function faultWords(one) {
  return kinds.filter(({name}) => one[name] !== undefined && one[name] !== false).map((kind) => `${kind.label.toLowerCase()}${valueWords(one[kind.name])}`).join(", ") || "nothing";
}

const unnamed = new Set(["ms", "code", "how", "distribution"]); // what needs no name to be understood

function valueWords(value) {
  if (value === true) return "";
  if (typeof value !== "object") return ` ${value}`;
  return Object.entries(value).map(([name, each]) => ` ${unnamed.has(name) ? each : `${name.replaceAll("_", " ")} ${each}`}${name === "ms" ? " ms" : ""}`).join("");
}

function actsWords({chance, nth, first}) {
  return [chance !== undefined && `with a chance of ${+(chance * 100).toFixed(4)}\u00a0%`, nth && `on request ${nth}`, first && `on the first ${first}`].filter(Boolean).join(", ") || "always";
}

function adding(draw, signal) {
  const kind = field("Kind", select(kinds.map(({name, label}) => [name, label])));
  const choice = kind.querySelector("select");
  const told = h("div", {class: "told"});
  const chosen = () => {
    const one = kinds.find(({name}) => name === choice.value);
    kind.querySelector(".help").textContent = one.words;
    told.replaceChildren(...kindFields(one));
    choice.dataset.pointer = `/${one.name}`;
  };
  choice.addEventListener("change", chosen);
  chosen();
  const added = async () => {
    say("Added");
    await draw();
  };
  const write = () => edit("Add a fault", {when: {}, ...written(one)}, {method: "POST", path: "faults", action: "Add"}, draw);
  const one = form({class: "adding", "aria-labelledby": "adding"}, [h("h2", {id: "adding"}, "Add a fault"),
    h("div", {class: "fields"}, kind, told), h("div", {class: "fields"}, whichFields()),
    h("p", {class: "actions"}, h("button", {type: "submit", class: "primary"}, "Add"), button("Write it as JSON", write))],
  () => ask("POST", "faults", {body: written(one)}), added);
  fill(one, signal);
  return one;
}

function kindFields(kind) {
  const own = kind.make ? [{label: kind.label, make: kind.make, pointer: `/${kind.name}`}] : (kind.fields ?? []).map((one) => ({...one, pointer: `/${kind.name}/${one.name}`}));
  return own.map((one) => field(one.label, one.make(), one));
}

function whichFields() {
  return [
    field("Operation", select([["", "every request"]], {class: "operation"}), {pointer: "/when/operation"}),
    field("Project", h("input", {spellcheck: "false", placeholder: "any"}), {pointer: "/when/project"}),
    field("Chance", number({step: "any", max: "1", placeholder: "1"}), {pointer: "/chance", help: "From 0 to 1."}),
    field("First", number({placeholder: "all"}), {pointer: "/first", help: "On so many requests, then no more."}),
    field("Nth", number({placeholder: "every"}), {pointer: "/nth", help: "On this request alone."}),
    field("Description", h("input", {}), {pointer: "/description"}),
  ];
}

async function fill(form, signal) {
  for (const {operations} of await documents(signal).catch(() => [])) {
    for (const {id, summary} of operations) form.querySelector(".operation").append(h("option", {value: id}, summary ? `${id} – ${summary}` : id));
  }
}

/** written is the fault that the form describes: each field stands at its pointer, the choice of the kind at what it is without any. */
function written(form) {
  const fault = {};
  for (const input of form.querySelectorAll("[data-pointer]")) {
    const path = input.dataset.pointer.split("/").slice(1);
    const kind = kinds.find(({name}) => name === input.value);
    if (kind && path[0] === kind.name) put(fault, path, kind.value ?? {});
    else if (input.value !== "") put(fault, path, input.type === "number" ? Number(input.value) : input.value);
  }
  return fault;
}

function put(value, [name, ...rest], leaf) {
  if (!rest.length) value[name] = leaf;
  else put(value[name] ??= {}, rest, leaf);
}
