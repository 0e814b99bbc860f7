"use strict";

// The list moves by itself: when something was written, the part of the page that lists tickets is fetched anew.
const list = document.getElementById("list");
const socket = window.asokWS("/live/tickets", { reconnect: true });
let waiting = 0;

function places() {
  return new Map([...list.querySelectorAll("[data-ticket]")].map((row) => [row.dataset.ticket, row.getBoundingClientRect().top]));
}

async function refresh(changed) {
  waiting = 0;
  const answer = await fetch(location.href, { headers: { "X-Block": "list" } });
  if (!answer.ok) return;
  const before = places();
  list.innerHTML = await answer.text();
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  for (const row of list.querySelectorAll("[data-ticket]")) {
    if (row.dataset.ticket === String(changed)) row.classList.add("moved");
    const from = before.get(row.dataset.ticket);
    const way = from === undefined ? 0 : from - row.getBoundingClientRect().top;
    if (way && !still) row.animate([{ transform: `translateY(${way}px)` }, { transform: "none" }], { duration: 350, easing: "ease-out" });
  }
}

socket.onmessage = (event) => {
  const changed = JSON.parse(event.data).ticket;
  // Many changes at once are one look.
  if (!waiting) waiting = setTimeout(refresh, 150, changed);
};

socket.onopen = (event) => {
  list.dataset.live = "";
  if (event.again) refresh();
};
