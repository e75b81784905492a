"use strict";
// The picture with a keyboard or a mouse: which cards belong together, and what is known of one. Without this, each card
// is a link to the same in words.
document.documentElement.classList.add("scripted");
const details = document.getElementById("details");
const status = document.getElementById("status");
let chosen = null;

function clear() {
  if (!chosen) return;
  const { picture, card } = chosen;
  picture.classList.remove("choosing");
  for (const it of picture.querySelectorAll(".on, .chosen")) it.classList.remove("on", "chosen");
  for (const it of picture.querySelectorAll(".copy")) it.remove();
  card.removeAttribute("aria-current");
  details.hidden = true;
  status.textContent = "";
  chosen = null;
}

// The part of a bundle of lines that belongs to one link.
function alone(link) {
  const [stroke, head] = link.parentNode.children;
  const links = [...link.parentNode.querySelectorAll(".link")];
  const parts = stroke.getAttribute("d").split("M");
  const heads = head.getAttribute("d").split("M");
  const copies = [stroke.cloneNode(), head.cloneNode()];
  const position = links.indexOf(link) + 1;
  copies[0].setAttribute("d", "M" + parts[position]);
  copies[1].setAttribute("d", "M" + (heads.length === parts.length ? heads[position] : heads[1]));
  for (const copy of copies) copy.classList.add("copy");
  return copies;
}

function choose(card) {
  const again = chosen && chosen.card === card;
  clear();
  if (again) return;
  const picture = card.ownerSVGElement;
  const number = card.dataset.card;
  const near = [];
  for (const link of picture.querySelectorAll(".lines .link")) {
    const { from, to } = link.dataset;
    if (from !== number && to !== number) continue;
    link.classList.add("on");
    link.prepend(...alone(link));
    const other = picture.querySelector(`[data-card="${from === number ? to : from}"]`);
    if (!other.classList.contains("on")) near.push(other.querySelector(".name").textContent);
    other.classList.add("on");
  }
  picture.classList.add("choosing");
  card.classList.add("chosen");
  card.setAttribute("aria-current", "true");
  const words = document.getElementById(card.getAttribute("href").slice(1)).cloneNode(true);
  for (const it of [words, ...words.querySelectorAll("[id]")]) it.removeAttribute("id");
  words.removeAttribute("aria-labelledby");
  details.querySelector(".shown").replaceChildren(words);
  // On the side where the card is not.
  const box = card.getBoundingClientRect();
  details.classList.toggle("left", box.x + box.width / 2 > innerWidth / 2);
  details.hidden = false;
  status.textContent = `${card.dataset.label}. Next to it: ${near.join(", ") || "nothing"}.`;
  chosen = { picture, card };
}

// The nearest card in a direction: straight on before aside.
function step(card, across, down) {
  const middle = (it) => {
    const box = it.getBoundingClientRect();
    return [box.x + box.width / 2, box.y + box.height / 2];
  };
  const [x, y] = middle(card);
  let best = null;
  let least = Infinity;
  for (const it of card.ownerSVGElement.querySelectorAll(".card")) {
    const [otherX, otherY] = middle(it);
    const ahead = (otherX - x) * across + (otherY - y) * down;
    const aside = Math.abs((otherX - x) * down) + Math.abs((otherY - y) * across);
    if (it === card || ahead < 8) continue;
    const far = ahead + 2 * aside;
    if (far < least) [best, least] = [it, far];
  }
  if (best) best.focus();
}

const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && chosen) {
    const { card } = chosen;
    clear();
    card.focus();
    return;
  }
  const card = event.target.closest?.("a.card");
  if (!card || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key in arrows) {
    event.preventDefault();
    step(card, ...arrows[event.key]);
  } else if (event.key === " ") {
    event.preventDefault();
    choose(card);
  }
});
document.addEventListener("click", (event) => {
  const card = event.target.closest?.("a.card");
  if (!card || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  choose(card);
});
details.querySelector("button").addEventListener("click", () => {
  const card = chosen?.card;
  clear();
  card?.focus();
});
for (const input of document.querySelectorAll("[name=environment]")) input.addEventListener("change", clear);
