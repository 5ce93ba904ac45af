// What faults and stubs have in common: a list of them, each switched on and off, edited as JSON and removed.

import {ask, parse} from "./api.js";
import {button, dialog, field, h, redraw, say, table} from "./dom.js";

/**
 * entries draws a list, and gives what draws it anew. `name` is the singular, `path` that of the API; of one entry `words`
 * says what it does, `cells` what the further columns hold, and `counted` are the fields that the mock fills in.
 */
export function entries(list, {name, path, caption, columns, none, counted, words, cells}, signal) {
  const draw = async () => {
    const all = (await ask("GET", path, {signal}))[path];
    redraw(list, all.length ? [table(caption, [...columns, "On", "Change"], all.map(line)), h("p", {class: "actions"}, button("Remove all", () => change("DELETE", path, undefined, "All are gone")))] :
      h("p", {class: "none"}, none));
  };
  const change = async (method, at, body, done) => {
    try {
      await ask(method, at, {body});
      say(done);
    } catch (problem) { say(problem.message); }
    await draw();
  };
  const line = (one) => {
    const at = `${path}/${encodeURIComponent(one.id)}`;
    const plain = Object.fromEntries(Object.entries(one).filter(([key]) => !counted.includes(key)));
    const what = words(one);
    const toggle = () => change("PUT", at, {...plain, disabled: !one.disabled}, one.disabled ? "Switched on" : "Switched off");
    return [
      [h("strong", {id: `${name}-${one.id}`, tabindex: "-1"}, what), one.description && h("p", {class: "hint"}, one.description), h("p", {class: "hint"}, h("code", {}, one.id))],
      ...cells(one),
      button(one.disabled ? "off" : "on", toggle, {role: "switch", id: `switch-${one.id}`, "aria-checked": String(!one.disabled), "aria-label": `${what}: on`}),
      h("p", {class: "actions"},
        button("Edit", () => edit(`Edit the ${name}`, plain, {method: "PUT", path: at, action: "Save"}, draw), {id: `edit-${one.id}`, "aria-label": `Edit ${what}`}),
        button("Remove", () => change("DELETE", at, undefined, "Removed"), {id: `remove-${one.id}`, "aria-label": `Remove ${what}`})),
    ];
  };
  return draw;
}

/** goTo is the route to one entry. */
export const goTo = (name, draw) => async ({parts: [id]}) => {
  if (!id) return;
  await draw();
  document.getElementById(`${name}-${id}`)?.focus();
};

/** edit opens a text of JSON, and sends it when it is saved. What the API says is wrong is shown below it. */
export function edit(title, value, {method, path, action}, done) {
  const area = h("textarea", {rows: "14", spellcheck: "false", autocomplete: "off"}, JSON.stringify(value, null, 2));
  dialog(title, field("JSON", area, {pointer: "", help: "docs/control.md says what it may hold."}), {action, act: async () => {
    await ask(method, path, {body: JSON.stringify(read(area.value))});
    await done();
  }});
}

function read(text) {
  try { return parse(text); } catch (error) { throw Object.assign(error, {errors: [{pointer: "", detail: error.message}]}); }
}

/** matchWords says which requests a match means. */
export function matchWords({operation, method, path, project, where = []} = {}) {
  const words = [operation, [method?.toUpperCase(), path].filter(Boolean).join(" "), project && `project ${project}`, ...where.map(conditionWords)];
  return words.filter(Boolean).join(", ") || "every request";
}

function conditionWords(one) {
  const what = [one.in, one.name, one.pointer, one.jsonpath].filter(Boolean).join(" ");
  if (one.absent) return `no ${what}`;
  if (one.equals !== undefined) return `${what} = ${JSON.stringify(one.equals)}`;
  return one.matches ? `${what} ~ ${one.matches}` : what;
}
