import lean from "./lean.config.js";

export default ({ mode }) => ({
  ...(mode.startsWith("lean") ? lean : {}),
  build: { modulePreload: false, rolldownOptions: { input: mode.endsWith("await") ? "src/size-await.ts" : "src/size.ts" } },
});
