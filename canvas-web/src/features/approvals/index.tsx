/** What waits for people: the inbox, and a page for each. */
export { InboxPage } from "./InboxPage";
export { WaitPage } from "./WaitPage";
