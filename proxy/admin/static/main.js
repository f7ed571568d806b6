/* Puts the page together. Everything on it comes from the admin API. */

import { showBreaking } from "./breaking.js";
import { showCertificates } from "./certificates.js";
import { at } from "./dom.js";
import { showHead } from "./head.js";
import { showLog } from "./log.js";
import { showMap } from "./map.js";
import { showTimeline } from "./timeline.js";
import { showTraffic } from "./traffic.js";
import { World } from "./world.js";

const world = new World();
showHead(world);
showMap(world);
showBreaking(world);
showCertificates(world);
showTimeline(world, at("timeline"));
showLog(world, at("log"));
showTraffic(world);
for (const dialog of document.querySelectorAll("dialog")) {
  dialog.addEventListener("click", (event) => {
    const { left, right, top, bottom } = dialog.getBoundingClientRect();
    const isBeside = event.clientX < left || event.clientX > right || event.clientY < top || event.clientY > bottom;
    if (event.target === dialog && isBeside) dialog.close("");
  });
}
world.start();
