/* Requests per second and latency of each site, as small pictures of one scale. */

import { at, el, keyed, mark, say, svg } from "./dom.js";
import { isRedirected } from "./trust.js";
import { duration, rate, span } from "./words.js";

const SAMPLES = 90;
const [WIDTH, HEIGHT] = [180, 48];

/** Keep the pictures true. */
export function showTraffic(world) {
  const body = at("traffic-body");
  world.on("traffic", () => {
    const sites = world.sites.filter((site) => !isRedirected(site));
    const most = Math.max(1, ...[...world.traffic.values()].flatMap((samples) => samples.map((each) => each.perSecond)));
    const slowest = Math.max(0.01, ...[...world.traffic.values()].flatMap((samples) => samples.map((each) => each.seconds ?? 0)));
    const longest = Math.max(0, ...[...world.traffic.values()].map((samples) => (samples.length ? samples.at(-1).at - samples[0].at : 0)));
    say(at("traffic-hint"), longest > 3 ? `The last ${span(longest)}. Area: requests, up to ${rate(most)}/s; red: errors; dashed: latency, up to ${duration(slowest)}.` : "Measured from now on.");
    keyed(body, sites, (site) => site.name, node, (each, site) => draw(each, site, world.traffic.get(site.name) ?? [], most, slowest));
  });
}

function node(site) {
  const picture = svg("svg", { class: "picture", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img" }, svg("path", { class: "all" }), svg("path", { class: "errors" }), svg("path", { class: "latency" }));
  const figure = (name) => el("p", {}, el("strong", { class: name }), el("span", { class: "quiet", text: { rate: " requests/s", latency: " on average", errors: " errors/s" }[name] }));
  return el("section", { class: "sheet multiple", "aria-label": `Traffic of ${site.name}` }, el("h3", { text: site.name }), picture, el("div", { class: "figures" }, figure("rate"), figure("latency"), figure("errors")));
}

function draw(section, site, samples, most, slowest) {
  const last = samples.at(-1);
  const set = (name, text) => say(section.querySelector(`strong.${name}`), text);
  set("rate", last ? rate(last.perSecond) : "–");
  set("latency", last ? duration(last.seconds) : "–");
  set("errors", rate(last?.errorsPerSecond));
  section.querySelector("strong.errors").parentNode.hidden = !last?.errorsPerSecond;
  const x = (place) => WIDTH - (samples.length - 1 - place) * (WIDTH / (SAMPLES - 1));
  const y = (value, top) => HEIGHT - (HEIGHT - 4) * Math.min(1, value / top);
  const path = (name, d) => mark(section.querySelector(`path.${name}`), "d", d);
  path("all", area(samples.map((each, place) => [x(place), y(each.perSecond, most)])));
  path("errors", samples.some((each) => each.errorsPerSecond) ? area(samples.map((each, place) => [x(place), y(each.errorsPerSecond, most)])) : "");
  path("latency", strokes(samples.map((each, place) => (each.seconds === null ? null : [x(place), y(each.seconds, slowest)]))));
  mark(section.querySelector(".picture"), "aria-label", `${site.name}: ${last ? rate(last.perSecond) : "no"} requests per second`);
}

const point = ([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`;

function area(points) {
  if (points.length < 2) return "";
  return `M${points[0][0].toFixed(1)} ${HEIGHT}L${points.map(point).join("L")}L${points.at(-1)[0].toFixed(1)} ${HEIGHT}Z`;
}

function strokes(points) {
  return points.map((each, place) => (each === null ? "" : `${place && points[place - 1] !== null ? "L" : "M"}${point(each)}`)).join("");
}
