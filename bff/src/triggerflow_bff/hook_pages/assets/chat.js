// A chat: sends a message, shows the answer as it streams. All text is set as text, never as HTML.
"use strict";
(() => {
  const main = document.querySelector("main.chat");
  const list = main.querySelector(".messages");
  const form = main.querySelector("form");
  const message = form.querySelector("textarea");
  const file = form.querySelector("input[type=file]");
  const chosen = form.querySelector(".files");
  const button = form.querySelector("button");
  const MOST_TURNS = 50;
  const MOST_FILE = 5 * 1024 * 1024;
  const MOST_FILES = 7 * 1024 * 1024;
  const history = [];

  function say(role, text) {
    const item = document.createElement("li");
    item.className = role;
    const who = document.createElement("span");
    who.className = "hidden";
    who.textContent = role === "user" ? "You: " : "Answer: ";
    const body = document.createElement("p");
    body.className = "text";
    body.textContent = text;
    item.append(who, body);
    list.append(item);
    item.scrollIntoView({ block: "end" });
    return { item, body };
  }

  function name() {
    const bytes = crypto.getRandomValues(new Uint8Array(24));
    return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_");
  }

  function busy(is) {
    button.disabled = is;
    main.toggleAttribute("data-busy", is);
  }

  function files() {
    return Array.from(file.files);
  }

  function tooLarge(some) {
    return some.some((each) => each.size > MOST_FILE) || some.reduce((sum, each) => sum + each.size, 0) > MOST_FILES;
  }

  function follow(stream, answer) {
    return new Promise((resolve) => {
      let text = "";
      let lost = 0;
      const source = new EventSource(stream);
      const end = (shown, ok) => {
        source.close();
        answer.item.classList.remove("waiting");
        answer.item.classList.toggle("failed", !ok);
        answer.body.textContent = shown;
        answer.item.scrollIntoView({ block: "end" });
        resolve(ok ? shown : null);
      };
      source.addEventListener("token", (event) => {
        lost = 0;
        text += JSON.parse(event.data).text;
        answer.item.classList.remove("waiting");
        answer.body.textContent = text;
        answer.item.scrollIntoView({ block: "end" });
      });
      source.addEventListener("answer", (event) => {
        end(JSON.parse(event.data).text || text || "Done.", true);
      });
      source.addEventListener("failed", () => end("This could not be answered. Try again.", false));
      source.addEventListener("error", () => {
        lost += 1;
        // The browser comes back by itself from the last event, but not where it was refused.
        if (source.readyState === EventSource.CLOSED || lost > 20) {
          end("The answer was lost on its way. Try again.", false);
        }
      });
    });
  }

  async function send() {
    const text = message.value.trim();
    const attached = files();
    if (!text || button.disabled) return;
    if (tooLarge(attached)) {
      chosen.textContent = "A file has at most 5 MiB, all together 7 MiB.";
      return;
    }
    const body = new FormData();
    body.set("message", text);
    body.set("history", JSON.stringify(history.slice(-MOST_TURNS)));
    body.set("session", main.dataset.session);
    body.set("submission", name());
    for (const each of attached) body.append("file", each);
    busy(true);
    say("user", attached.length ? `${text}\n[${attached.map((each) => each.name).join(", ")}]` : text);
    const answer = say("assistant", "Thinking …");
    answer.item.classList.add("waiting");
    message.value = "";
    form.reset();
    show();
    grow();
    try {
      const sent = await fetch(main.dataset.action, { method: "POST", body });
      if (sent.status !== 202) throw new Error(await refusal(sent));
      const { stream } = await sent.json();
      const said = await follow(stream, answer);
      history.push({ role: "user", content: text });
      if (said !== null) history.push({ role: "assistant", content: said });
    } catch (error) {
      answer.item.classList.remove("waiting");
      answer.item.classList.add("failed");
      answer.body.textContent = error.message || "This could not be sent. Try again.";
      message.value = text;
    }
    busy(false);
    message.focus();
  }

  async function refusal(answer) {
    if (answer.status === 429) return "Too many messages at once. Try again in a moment.";
    if (answer.status === 413) return "This is too large. Send less.";
    if (answer.status === 422) {
      const problem = await answer.json().catch(() => null);
      const first = problem && problem.errors && problem.errors[0];
      if (first) return first.message;
    }
    return "This could not be sent. Try again.";
  }

  function show() {
    chosen.textContent = files()
      .map((each) => each.name)
      .join(", ");
  }

  function grow() {
    message.rows = Math.min(6, message.value.split("\n").length);
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });
  message.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      send();
    }
  });
  message.addEventListener("input", grow);
  file.addEventListener("change", show);
})();
