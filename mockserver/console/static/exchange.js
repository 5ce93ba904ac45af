// One exchange in full: what was wrong beside the rule that says so, both messages, and the line that sends it again.

import {contract, documents} from "./api.js";
import {copyButton, h, mark, part} from "./dom.js";
import {at, json} from "./json.js";

/** exchange gives the elements that show it. */
export async function exchange(one, signal) {
  const home = await documentOf(one, signal).catch(() => undefined);
  return [
    h("h2", {tabindex: "-1"}, one.method, " ", one.path),
    h("p", {class: "marks"}, statusOf(one), marks(one)),
    facts(one, home),
    one.reason && !one.violations?.length && part("Why it was refused", h("p", {}, one.reason)),
    one.violations?.length && part(one.violations.length === 1 ? "Violation" : "Violations", one.violations.map((each) => violation(each, home?.document))),
    one.near_misses?.length && part("Stubs that did not match", one.near_misses.map(nearMiss)),
    h("div", {class: "messages pair"}, part("Request", message(one.request, pointers(one, "request"))), part("Answer", message(one.response, []))),
    one.curl && part("Send it again", again(one.curl)),
  ].filter(Boolean);
}

// The document is the one that has the operation below the longest of the base paths that the path begins with.
async function documentOf(one, signal) {
  const all = (await documents(signal)).map((known, number) => ({known, number, base: longest(known.bases, one.path)}));
  const [home] = all.filter(({known, base}) => base >= 0 && (!one.operation || known.operations.some(({id}) => id === one.operation)))
    .sort((a, b) => b.base - a.base);
  return home && {number: home.number, document: await contract(home.number, signal)};
}

const longest = (bases, path) => Math.max(-1, ...bases.filter((base) => `${path}/`.startsWith(base.replace(/\/?$/, "/"))).map((base) => base.length));

function facts(one, home) {
  const rows = [
    ["Operation", one.operation && (home ? h("a", {href: `#/contract/${home.number}/${encodeURIComponent(one.operation)}`}, one.operation) : one.operation)],
    ["Project", one.project],
    ["Time", h("time", {datetime: one.at}, one.at)],
    ["Took", duration(one.duration_us)],
    ["Request id", h("code", {}, one.request_id)],
    ["Fault", one.faults?.map((id) => h("a", {href: `#/faults/${encodeURIComponent(id)}`}, id))],
    ["Stub", one.stub && h("a", {href: `#/stubs/${encodeURIComponent(one.stub)}`}, one.stub)],
  ];
  return h("dl", {class: "facts"}, rows.filter(([, value]) => value?.length !== 0 && value).map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
}

function violation(each, document) {
  const rule = ruleOf(each, document);
  const place = `${each.file ?? ""}${each.line ? `:${each.line}` : ""}`;
  return h("div", {class: "violation pair"},
    h("div", {class: "wrongs"}, h("h4", {}, each.in, each.name && [" ", each.name], each.pointer && [" ", h("code", {}, each.pointer)]), h("p", {}, each.words)),
    h("div", {class: "rule"}, h("h4", {}, "The rule"), h("p", {}, h("code", {}, place), place && " ", each.rule && h("code", {}, `#${each.rule.replace(/^#/, "")}`)),
      rule && json(JSON.stringify(rule.schema), [`/${rule.keyword}`])));
}

// The mock gives a document in one piece: what another file holds is the component that is called after the file.
function ruleOf({file = "", rule = ""}, document) {
  const pointer = rule.replace(/^#/, "").split("/");
  const keyword = pointer.pop();
  const component = file.replace(/\.schema\.json$|\.[a-z]+$/i, "").replace(/[^A-Za-z0-9._-]+/g, "_");
  const schema = [document?.components?.schemas?.[component], document].filter(Boolean).map((root) => at(root, pointer.join("/"))).find((found) => found?.[keyword] !== undefined);
  return schema && {schema: short(schema, keyword), keyword: keyword};
}

// Of a large schema only the broken rule is of interest here, and what says what it is about.
function short(schema, keyword) {
  if (JSON.stringify(schema).length < 1200) return schema;
  return Object.fromEntries(Object.entries(schema).filter(([key, value]) => key === keyword || JSON.stringify(value).length < 200));
}

function pointers(one) {
  return (one.violations ?? []).filter((each) => each.in === "body").map((each) => each.pointer ?? "");
}

function nearMiss({stub, reasons}) {
  return h("div", {class: "miss"}, h("h4", {}, h("a", {href: `#/stubs/${encodeURIComponent(stub)}`}, stub)), h("ul", {}, reasons.map((reason) => h("li", {}, reason))));
}

function message({query, headers, body, encoding, bytes, cut}, marked) {
  return [
    query && h("p", {}, h("code", {}, `?${query}`)),
    h("dl", {class: "headers"}, headers.map(({name, value}) => h("div", {}, h("dt", {}, name), h("dd", {}, value)))),
    body && (encoding ? h("pre", {tabindex: "0"}, body) : json(body, marked)),
    h("p", {class: "hint"}, bytes === 0 ? "No body" : `${bytes} bytes`, encoding && ", shown as base64", cut && ", of which only the beginning is remembered"),
  ];
}

function again(curl) {
  const text = h("pre", {tabindex: "0"}, curl);
  return h("div", {class: "curl"}, text, copyButton(curl, text));
}

export function statusOf({status}) {
  const kind = status === 0 || status >= 500 ? "bad" : status >= 400 ? "warn" : "good";
  return h("span", {class: `status ${kind}`}, status || "none");
}

export function marks(one) {
  return [
    one.violations?.length ? mark("broken", one.violations.length === 1 ? "1 violation" : `${one.violations.length} violations`) : one.refused && mark("refused", one.refused),
    one.faults?.length && mark("fault", "fault"),
    one.stub && mark("stub", "stub"),
  ].filter(Boolean);
}

export function duration(us) {
  return us < 1000 ? `${us} µs` : us < 1e6 ? `${(us / 1000).toFixed(us < 1e4 ? 1 : 0)} ms` : `${(us / 1e6).toFixed(1)} s`;
}
