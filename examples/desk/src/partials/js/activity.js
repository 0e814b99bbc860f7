"use strict";
const list = document.getElementById("activity");
const state = document.getElementById("state");
const source = new EventSource("/activity/events");

source.onopen = () => {
  // What happened of late is told anew.
  list.replaceChildren();
  state.textContent = "live";
  state.className = "badge solved";
};

source.onerror = () => {
  state.textContent = "connecting again";
  state.className = "badge waiting";
};

source.onmessage = (event) => {
  const happened = JSON.parse(event.data);
  if (happened.quiet) return;
  const line = document.createElement("li");
  const link = document.createElement("a");
  link.href = "/tickets/" + happened.ticket;
  link.textContent = "#" + happened.ticket + " " + happened.subject;
  const who = document.createElement("span");
  who.textContent = happened.author + " wrote";
  const when = document.createElement("time");
  when.dateTime = happened.at;
  when.textContent = new Date(happened.at).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
  line.append(who, link, when);
  list.prepend(line);
};
