// The frame of the page: which view is shown, the clock, reset, and whether the mock is there.

import {ask, connection, Problem} from "./api.js";
import {button, dialog, field, h, say, select} from "./dom.js";
import {exchanges} from "./exchanges.js";
import {state} from "./state.js";
import {faults} from "./faults.js";
import {stubs} from "./stubs.js";
import {contract} from "./contract.js";

// A view draws itself into an element, and gives a function that shows each of its routes.
const views = {
  exchanges: {title: "Exchanges", open: exchanges},
  state: {title: "State", open: state},
  faults: {title: "Faults", open: faults},
  stubs: {title: "Stubs", open: stubs},
  contract: {title: "Contract", open: contract},
};

const main = document.getElementById("main");
let shown = {}; // the name of the view, the function that shows a route, and what ends it

/** routeOf reads `#/view/part/part?name=value`. */
function routeOf(hash) {
  const [path, query] = hash.replace(/^#\/?/, "").split(/\?(.*)/s);
  const [name, ...parts] = path.split("/").map(decode);
  return {name: views[name] ? name : "exchanges", parts, query: new URLSearchParams(query)};
}

function decode(text) {
  try { return decodeURIComponent(text); } catch { return text; }
}

function show(anew = false) {
  const route = routeOf(location.hash);
  if (anew || shown.name !== route.name) open(route.name);
  document.title = `${views[route.name].title} – counterpart`;
  shown.move(route);
}

function open(name) {
  const moved = shown.name !== undefined && shown.name !== name;
  shown.end?.abort();
  const end = new AbortController();
  const heading = h("h1", {tabindex: "-1"}, views[name].title);
  const body = h("div", {class: `view ${name}`});
  main.replaceChildren(heading, body);
  const fail = (error) => end.signal.aborted || body.prepend(h("p", {class: "failed", role: "alert"}, error.message));
  shown = {name, end, move: guarded(views[name].open(body, end.signal, fail), fail)};
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === `#/${name}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (moved) heading.focus();
}

const guarded = (move, fail) => (route) => Promise.resolve(move?.(route)).catch(fail);

addEventListener("hashchange", () => show());
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault(); // the fragment is the route
  main.focus();
});
// What failed while nobody waited for it is a mistake of the page's, or of an extension: it is not the mock's answer.
addEventListener("unhandledrejection", (event) => { if (event.reason instanceof Problem) say(event.reason.message); });

const status = document.getElementById("connection");
const away = document.getElementById("away");

connection.addEventListener("change", () => {
  status.textContent = connection.here ? "connected" : "away";
  status.className = connection.here ? "here" : "gone";
  away.hidden = connection.here;
  away.textContent = connection.here ? "" : "The mock is away. The page goes on by itself when it is back.";
  if (connection.here && was === false) show(true);
  was = connection.here;
  if (connection.here) readClock();
});
let was;

const clock = document.getElementById("clock");
let time; // as the mock last said, and when that was

async function readClock() {
  if (document.hidden) return;
  try { keepTime(await ask("GET", "clock")); } catch { /* the next look tells */ }
}

function keepTime({now, frozen = false}) {
  time = {now: Date.parse(now), frozen, read: Date.now()};
  drawClock();
}

const present = () => new Date(time.frozen ? time.now : time.now + Date.now() - time.read);

function drawClock() {
  if (!time) return;
  const at = present().toISOString();
  clock.replaceChildren(h("span", {class: "wide"}, `${at.slice(0, 10)} `), `${at.slice(11, 19)} UTC`, time.frozen ? h("span", {class: "mark fault"}, "frozen") : "");
  clock.setAttribute("aria-label", "The mock's clock");
}

function setClock() {
  const now = field("Time (UTC)", h("input", {type: "text", value: time ? present().toISOString() : "", autocomplete: "off", spellcheck: "false"}),
    {pointer: "/now", help: "RFC 3339. It goes on from there."});
  const frozen = field("From then on it", select([["", "goes on"], ["frozen", "stands still"]]), {pointer: "/frozen"});
  const by = field("Move forwards by", h("input", {type: "number", min: "1", placeholder: "seconds"}), {pointer: "/ms", help: "In seconds, at once. The time above does not count then."});
  const [nowInput, frozenInput, byInput] = [now, frozen, by].map((one) => one.querySelector("input, select"));
  if (time?.frozen) frozenInput.value = "frozen";
  const opened = nowInput.value;
  const back = async () => {
    await ask("DELETE", "clock");
    await readClock();
    box.close();
  };
  const box = dialog("The mock's clock", [now, frozen, by, h("p", {}, button("Back to the time it was started with", back))], {action: "Set", act: async () => {
    if (byInput.value) return keepTime(await ask("POST", "clock/advance", {body: {ms: Math.round(byInput.value * 1000)}}));
    const change = {frozen: frozenInput.value === "frozen"};
    if (nowInput.value !== opened) change.now = nowInput.value;
    keepTime(await ask("PUT", "clock", {body: change}));
  }});
}

clock.addEventListener("click", setClock);

document.getElementById("reset").addEventListener("click", () => {
  dialog("Reset the mock?", h("p", {}, "State, journal, scenarios, counts and the clock will be as after the start; faults, stubs and settings those of the configuration."),
    {action: "Reset", danger: true, act: async () => {
      await ask("POST", "reset");
      say("The mock is as after its start");
      await readClock();
      show(true);
    }});
});

setInterval(drawClock, 1000);
setInterval(readClock, 5000); // also tells whether the mock is there
readClock();
show();
