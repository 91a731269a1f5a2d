/** When flows start by themselves. */
export { SchedulesPage as default } from "./SchedulesPage";
