/* Says what has just happened: seen for a while, read out once. */

import { at } from "./dom.js";

const SHOWN = 9000;

let hiding = null;

/** Show a sentence at the foot of the page and have it read out. */
export function announce(sentence) {
  const place = at("news");
  place.textContent = sentence;
  place.className = "news";
  clearTimeout(hiding);
  hiding = setTimeout(() => {
    place.className = "unseen";
  }, SHOWN);
}
