/* The signs of the page, each with a shape of its own: no meaning hangs on a colour alone. */

import { svg } from "./dom.js";

const PATHS = {
  trusted: ["M12 3a9 9 0 1 0 .01 0z", "m8 12.2 2.7 2.8 5.3-6"],
  allowed: ["M12 3.5 21.5 20h-19z", "M12 10v4.5m0 2.4v.4"],
  refused: ["M8 3h8l5 5v8l-5 5H8l-5-5V8z", "m9 9 6 6m0-6-6 6"],
  redirect: ["M4 6v5a4 4 0 0 0 4 4h11", "m14.5 10 5 5-5 5"],
  unknown: ["M12 3a9 9 0 1 0 .01 0z", "M9.4 9.6a2.7 2.7 0 1 1 3.7 2.5c-.8.4-1.1.9-1.1 1.7m0 2.8v.4"],
  plain: ["M7 10V8a5 5 0 0 1 9.6-2", "M5 10h14v10H5z"],
  down: ["M12 4v12", "m6.5 11 5.5 5.5 5.5-5.5", "M5 20h14"],
  browser: ["M3 4h18v14H3z", "M3 8h18", "M9 21h6"],
  error: ["M12 2.8 21.2 12 12 21.2 2.8 12z", "M12 8v5m0 2.7v.4"],
  warning: ["M12 3.5 21.5 20h-19z", "M12 10v4.5m0 2.4v.4"],
  change: ["M4 9h13m-3.5-4L17.5 9l-4 4", "M20 15H7m3.5-4L6.5 15l4 4"],
  info: ["M12 8.5a3.5 3.5 0 1 0 .01 0z"],
  key: ["M8 11a4 4 0 1 0 .01 0z", "M11 12.5 20 4m-3 3 2.5 2.5"],
};

/** Draw a sign; what it says stands in words beside it. */
export function icon(name, extra = "") {
  const paths = (PATHS[name] ?? PATHS.unknown).map((d) => svg("path", { d }));
  return svg("svg", { class: `icon ${name} ${extra}`.trim(), viewBox: "0 0 24 24", "aria-hidden": "true" }, paths);
}

/** Exchange a sign for another if it is another one. */
export function reicon(node, name) {
  if (node.classList.contains(name)) return node;
  const fresh = icon(name, [...node.classList].filter((word) => word !== "icon" && !(word in PATHS)).join(" "));
  node.replaceWith(fresh);
  return fresh;
}
