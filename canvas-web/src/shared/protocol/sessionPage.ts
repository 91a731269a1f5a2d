/** The page that covers everything once the session ended: nothing works any more, and this says what does. */
import { subscribeSession } from "./session";

export function showSessionEnded(): void {
  if (document.getElementById("session-ended") !== null) return;
  const page = document.createElement("dialog");
  page.id = "session-ended";
  page.dataset["testid"] = "session-ended";
  page.setAttribute("aria-labelledby", "session-ended-title");
  page.className = "m-0 h-dvh max-h-none w-screen max-w-none border-0 bg-app p-0 text-ink open:grid";
  const box = document.createElement("div");
  box.className = "empty m-auto";
  const title = document.createElement("h2");
  title.id = "session-ended-title";
  title.textContent = "Session ended";
  const text = document.createElement("p");
  const command = document.createElement("code");
  command.className = "mono";
  command.textContent = "tfcanvas link";
  text.append("Run ", command, " in a terminal and open the link it prints. What was saved is on the server, and runs go on without this page.");
  const again = document.createElement("button");
  again.type = "button";
  again.className = "btn btn-primary mt-2";
  again.textContent = "I have a new session, load again";
  again.addEventListener("click", () => window.location.reload());
  box.append(title, text, again);
  page.append(box);
  // Escape would leave a page on which nothing works.
  page.addEventListener("cancel", (event) => event.preventDefault());
  document.body.append(page);
  page.showModal();
}

if (typeof document !== "undefined") subscribeSession(showSessionEnded);
