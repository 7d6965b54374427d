export default { build: { modulePreload: false, rolldownOptions: { input: "src/size.ts" } } };
