"use strict";

// The chat of one ticket. Without this file the page is a list and a form, and works.
const chat = document.getElementById("chat");
const messages = document.getElementById("messages");
const writing = document.getElementById("writing");
const here = document.getElementById("here");
const composer = document.getElementById("composer");
const me = chat.dataset.me;

const HERE_EVERY = 20000;
const GONE_AFTER = 45000;
const WRITING_FOR = 4000;

const socket = window.asokWS("/live/tickets/" + chat.dataset.ticket, { reconnect: true });
// By connection: who it is, when it was heard, and until when it writes.
const people = new Map();

function say(kind, more) {
  socket.send(JSON.stringify({ kind, ...more }));
}

function names(list) {
  const unique = [...new Set(list)].sort();
  return unique.length > 1 ? unique.slice(0, -1).join(", ") + " and " + unique.at(-1) : unique[0];
}

function showPeople() {
  const now = Date.now();
  for (const [key, person] of people) if (person.heard < now - GONE_AFTER) people.delete(key);
  const others = [...people.values()];
  here.hidden = others.length === 0;
  here.textContent = others.length ? "Also here: " + names(others.map((each) => each.who)) : "";
  const busy = others.filter((each) => each.writesUntil > now).map((each) => each.who);
  writing.textContent = busy.length ? names(busy) + (new Set(busy).size > 1 ? " are" : " is") + " writing ..." : "";
}

function heardOf(news, writesUntil) {
  if (news.who) people.set(news.key, { who: news.who, heard: Date.now(), writesUntil });
  showPeople();
}

async function refresh(block, target) {
  const answer = await fetch(location.pathname, { headers: { "X-Block": block } });
  if (answer.ok) target.innerHTML = await answer.text();
}

function part(name, text, className) {
  const element = document.createElement(name);
  element.textContent = text;
  if (className) element.className = className;
  return element;
}

function show(message) {
  if (document.getElementById("message-" + message.id)) return;
  for (const person of people.values()) if (person.who === message.author) person.writesUntil = 0;
  showPeople();
  const item = document.createElement("li");
  item.id = "message-" + message.id;
  item.className = "message arrived" + (message.author === chat.dataset.customer ? "" : " ours");
  const when = part("time", new Date(message.at).toLocaleTimeString([], { timeStyle: "short" }));
  when.dateTime = message.at;
  const author = part("p", "", "author");
  author.append(part("b", message.author), " ", when);
  item.append(author, part("p", message.text, "text"));
  messages.append(item);
  if (message.author === me) item.scrollIntoView({ block: "nearest" });
  refresh("facts", document.getElementById("facts"));
}

const on = {
  message: show,
  came(news) {
    // Who came hears who is here by everybody's answer.
    if (me) say("here");
    heardOf(news, 0);
  },
  here: (news) => heardOf(news, people.get(news.key)?.writesUntil ?? 0),
  writing: (news) => heardOf(news, Date.now() + WRITING_FOR),
  went(news) {
    people.delete(news.key);
    showPeople();
  },
  missed: () => refresh("messages", messages),
  refused(news) {
    composer.elements.text.value = news.text;
    writing.textContent = news.why;
  },
};

socket.onmessage = (event) => {
  const news = JSON.parse(event.data);
  on[news.kind]?.(news);
};

socket.onopen = (event) => {
  chat.dataset.live = "";
  if (event.again) {
    people.clear();
    refresh("messages", messages);
  }
};

socket.onclose = () => {
  delete chat.dataset.live;
};

setInterval(() => me && say("here"), HERE_EVERY);
setInterval(showPeople, 1000);

if (composer) {
  const text = composer.elements.text;
  let saidWritingAt = 0;
  text.addEventListener("input", () => {
    if (Date.now() - saidWritingAt > WRITING_FOR / 2) {
      saidWritingAt = Date.now();
      say("writing");
    }
  });
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      composer.requestSubmit();
    }
  });
  composer.addEventListener("submit", (event) => {
    // While there is no connection the form is posted as one without scripts is.
    if (!("live" in chat.dataset)) return;
    event.preventDefault();
    if (text.value.trim()) say("message", { text: text.value });
    text.value = "";
    saidWritingAt = 0;
  });
}
