// What the mock remembers, by document and project.

import {ask, documents, onTraffic} from "./api.js";
import {button, dialog, field, h, redraw, say, select} from "./dom.js";
import {json} from "./json.js";

const most = 200; // items that are shown of one collection

/** state draws the view. */
export function state(root, signal, fail) {
  const list = h("div", {});
  const project = h("input", {type: "search", placeholder: "project", "aria-label": "Project", spellcheck: "false", onchange: () => draw()});
  const draw = async () => {
    try {
      const [{collections = []}, docs] = await Promise.all([read(project.value, signal), documents(signal)]);
      redraw(list, groups(collections, docs, draw));
    } catch (problem) {
      if (!problem.status) throw problem;
      redraw(list, h("p", {class: "failed", role: "alert"}, problem.message)); // it may be too much for one answer
    }
  };
  root.append(h("p", {class: "actions"}, project, button("Export", () => save(project.value).catch(fail)), button("Import", () => load(draw)), button("Clear all", () => clear("", draw), {class: "danger"})), list);
  onTraffic(signal, draw).catch(fail);
}

const read = (project, signal) => ask("GET", "state", {query: {project}, signal});

function groups(collections, docs, draw) {
  const filled = collections.filter(({items}) => items.length);
  if (!filled.length) return h("p", {class: "none"}, "Nothing is remembered. What clients create appears here.");
  const byDocument = Map.groupBy(filled, ({document = "/"}) => document || "/");
  return [...byDocument].map(([base, all]) => h("section", {},
    h("h2", {}, titleOf(base, docs), " ", h("code", {}, base)),
    [...Map.groupBy(all, ({project = ""}) => project)].map(([project, some]) => group(base, project, some, draw))));
}

const trimmed = (base) => base.replace(/\/+$/, "");

function titleOf(base, docs) {
  return (docs.find(({bases}) => bases.some((one) => trimmed(one) === trimmed(base))) ?? (docs.length === 1 ? docs[0] : undefined))?.title ?? "";
}

function group(base, project, some, draw) {
  return h("section", {class: "project"},
    project && h("div", {class: "titled"}, h("h3", {}, "Project ", h("code", {}, project)), button("Clear", () => clear(project, draw), {"aria-label": `Clear project ${project}`})),
    some.map(({name, items}) => h("div", {}, h("p", {class: "count"}, h("code", {}, name), ` ${items.length} ${items.length === 1 ? "item" : "items"}`),
      items.slice(0, most).map((item) => card(`${base} ${name}`, item)),
      items.length > most && h("p", {class: "hint"}, `${items.length - most} more are in the export.`))));
}

function card(where, {id, body}) {
  const one = h("details", {id: `item-${where}-${id}`, class: "item"}, h("summary", {}, h("code", {}, id), " ", h("span", {class: "hint"}, nameOf(body))));
  one.addEventListener("toggle", () => one.open && one.childElementCount === 1 && one.append(json(JSON.stringify(body))));
  return one;
}

// What people call an item by: the first short text whose key says that it is a name.
function nameOf(body) {
  if (body === null || typeof body !== "object") return "";
  const [, name] = Object.entries(body).find(([key, value]) => /(^|_)(name|title|label)$/i.test(key) && typeof value === "string" && value.length < 100) ?? [];
  return name ?? "";
}

function clear(project, draw) {
  dialog(project ? `Clear project ${project}?` : "Clear the state?", h("p", {}, project ? "Its items are forgotten." : "All items are forgotten."),
    {action: "Clear", danger: true, act: async () => {
      await ask("DELETE", "state", {query: {project}});
      say("Forgotten");
      await draw();
    }});
}

async function save(project) {
  const text = JSON.stringify(await read(project), null, 2);
  const address = URL.createObjectURL(new Blob([`${text}\n`], {type: "application/json"}));
  h("a", {href: address, download: "state.json"}).click();
  URL.revokeObjectURL(address);
}

function load(draw) {
  const file = h("input", {type: "file", accept: "application/json,.json", required: true});
  const how = select([["PUT", "in the place of all there is"], ["POST", "beside what there is"]]);
  dialog("Import a state", [field("File", file, {pointer: "", help: "As an export has it. All of it is taken, or nothing."}), field("Put it", how)],
    {action: "Import", act: async () => {
      await ask(how.value, "state", {body: await file.files[0].text()});
      say("Imported");
      await draw();
    }});
}
