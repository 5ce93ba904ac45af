// The documents, to be read: operations by tag, and one of them in full.

import {contract as read, documents} from "./api.js";
import {h, inline, part, prose} from "./dom.js";
import {json} from "./json.js";
import {resolved, schema} from "./schema.js";

/** contract draws the view; its routes are `#/contract/NUMBER` and `#/contract/NUMBER/OPERATION`. */
export function contract(root, signal) {
  const list = h("nav", {class: "list", "aria-label": "Operations"});
  const detail = h("article", {class: "detail"});
  root.append(h("div", {class: "split"}, list, detail));
  let drawn = "";
  return async ({parts: [number = "0", id = ""]}) => {
    const all = await documents(signal);
    if (drawn !== JSON.stringify(all)) list.replaceChildren(...contents(all));
    drawn = JSON.stringify(all);
    const chosen = `#/contract/${number}/${encodeURIComponent(id)}`;
    for (const link of list.querySelectorAll("a")) {
      if (link.hash === chosen) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    if (!all[number]) return void detail.replaceChildren(h("p", {role: "alert"}, "The mock has no such document."));
    const document = await read(number, signal);
    root.classList.toggle("opened", id !== "");
    const known = all[number].operations.find((one) => one.id === id);
    detail.replaceChildren(...(known ? operation(known, document) : overview(all[number], document)));
    if (id) detail.querySelector("h2")?.focus({preventScroll: true});
    if (id) scrollTo(0, 0);
  };
}

function contents(all) {
  const search = h("input", {type: "search", placeholder: "find an operation", "aria-label": "Find an operation", spellcheck: "false"});
  const groups = all.map((document, number) => h("section", {},
    h("h2", {}, h("a", {href: `#/contract/${number}/`}, document.title), " ", h("span", {class: "hint"}, document.version)),
    [...Map.groupBy(document.operations, ({tags}) => tags?.[0] ?? "")].map(([tag, some]) => [
      tag && h("h3", {}, tag),
      h("ul", {}, some.map((one) => h("li", {}, h("a", {href: `#/contract/${number}/${encodeURIComponent(one.id)}`},
        h("b", {}, one.method), " ", one.path, one.summary && h("span", {class: "hint"}, one.summary))))),
    ])));
  search.addEventListener("input", () => {
    const wanted = search.value.toLowerCase();
    for (const each of groups.flatMap((one) => [...one.querySelectorAll("li")])) each.hidden = !each.textContent.toLowerCase().includes(wanted);
  });
  return [search, ...groups];
}

function overview(known, document) {
  return [h("h2", {tabindex: "-1"}, known.title, " ", h("span", {class: "hint"}, known.version)),
    h("p", {}, "Below ", known.bases.map((base, i) => [i > 0 && ", ", h("code", {}, base)]), known.project && [". The project is the path parameter ", h("code", {}, known.project)], "."),
    prose(document.info?.summary), prose(document.info?.description)].flat(9).filter(Boolean);
}

function operation(known, document) {
  const item = resolved(document.paths?.[pathOf(known, document)], document);
  const one = item?.[known.method.toLowerCase()] ?? item?.additionalOperations?.[known.method] ?? {};
  const parameters = own([...(item?.parameters ?? []), ...(one.parameters ?? [])].map((each) => resolved(each, document)));
  const body = resolved(one.requestBody, document);
  return [
    h("a", {class: "back", href: "#/contract"}, "All operations"),
    h("h2", {tabindex: "-1"}, known.method, " ", known.path),
    h("p", {class: "hint"}, h("code", {}, known.id), one.deprecated && " (deprecated)"),
    one.summary && h("p", {}, one.summary), prose(one.description),
    parameters.length > 0 && part("Parameters", h("ul", {class: "properties"}, parameters.map((each) => parameter(each, document)))),
    body && part("Request body", prose(body.description), content(body.content, document)),
    part("Answers", Object.entries(one.responses ?? {}).map(([status, answer]) => response(status, resolved(answer, document), document))),
  ].flat(9).filter(Boolean);
}

// The list has the path as it is served, with the base path; the document has it without.
function pathOf({path, method}, document) {
  const has = (one) => document.paths?.[one]?.[method.toLowerCase()];
  return Object.keys(document.paths ?? {}).filter((one) => path === one || path.endsWith(one)).filter(has).sort((a, b) => b.length - a.length)[0] ?? path;
}

// A parameter of the operation takes the place of one of the path.
function own(all) {
  return [...new Map(all.filter(Boolean).map((each) => [`${each.in} ${each.name}`, each])).values()];
}

function parameter(each, document) {
  return h("li", {}, h("p", {}, h("code", {class: "name"}, each.name), " ", h("span", {class: "hint"}, `in ${each.in}, ${each.required ? "required" : "optional"}`)),
    prose(each.description), schema(each.schema ?? Object.values(each.content ?? {})[0]?.schema ?? {}, document));
}

function content(types, document) {
  return Object.entries(types ?? {}).map(([type, {schema: of, example, examples}]) => h("div", {class: "content"},
    h("p", {}, h("code", {}, type)), of !== undefined && schema(of, document),
    example !== undefined && shownExample("Example", example),
    Object.entries(examples ?? {}).map(([name, one]) => shownExample(`Example ${name}`, resolved(one, document)?.value, resolved(one, document)?.summary))));
}

function shownExample(title, value, summary) {
  return h("details", {}, h("summary", {}, title, summary && h("span", {class: "hint"}, ` ${summary}`)), json(JSON.stringify(value) ?? ""));
}

function response(status, answer, document) {
  const kind = /^2/.test(status) ? "good" : /^5/.test(status) ? "bad" : "warn";
  return h("details", {open: /^2/.test(status), class: "response"},
    h("summary", {}, h("span", {class: `status ${kind}`}, status), " ", inline((answer?.description ?? "").trim())),
    Object.entries(answer?.headers ?? {}).map(([name, header]) => {
      const one = resolved(header, document);
      return h("p", {}, "Header ", h("code", {}, name), " ", h("span", {class: "hint"}, [one?.required ? "required" : "optional", one?.description].filter(Boolean).join(". ")));
    }),
    content(answer?.content, document));
}
