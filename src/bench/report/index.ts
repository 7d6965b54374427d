export { type MountedReport, mountReport } from "./mount.ts";
export { type ReportOptions, renderPage, renderReport } from "./render.ts";
export { reportCss } from "./style.ts";
