/** One demo of the page. `mount` is called when the tab is first opened. */
export interface Tab {
  readonly id: string;
  readonly title: string;
  mount(panel: HTMLElement): void;
}

/** Builds tabs as the ARIA practices want them: arrow keys, Home and End move, the hash in the address says which is open. */
export function mountTabs(list: HTMLElement, panels: HTMLElement, tabs: readonly Tab[]): void {
  const mounted = new Set<Tab>();
  const buttons = tabs.map((tab) => {
    const button = document.createElement("button");
    Object.assign(button, { id: `tab-${tab.id}`, type: "button", textContent: tab.title });
    button.setAttribute("role", "tab");
    button.setAttribute("aria-controls", `panel-${tab.id}`);
    button.addEventListener("click", () => open(tab));
    return button;
  });
  const sections = tabs.map((tab) => {
    const section = document.createElement("section");
    Object.assign(section, { id: `panel-${tab.id}`, hidden: true });
    section.setAttribute("role", "tabpanel");
    section.setAttribute("aria-labelledby", `tab-${tab.id}`);
    return section;
  });
  list.append(...buttons);
  panels.append(...sections);

  function open(tab: Tab): void {
    tabs.forEach((other, i) => {
      buttons[i].setAttribute("aria-selected", String(other === tab));
      buttons[i].tabIndex = other === tab ? 0 : -1;
      sections[i].hidden = other !== tab;
    });
    if (location.hash !== `#${tab.id}` && (location.hash || tab !== tabs[0])) history.replaceState(null, "", `#${tab.id}`);
    if (mounted.has(tab)) return;
    mounted.add(tab);
    tab.mount(sections[tabs.indexOf(tab)]);
  }

  list.addEventListener("keydown", (event) => {
    const here = buttons.indexOf(document.activeElement as HTMLButtonElement);
    const last = tabs.length - 1;
    const next = { ArrowRight: here === last ? 0 : here + 1, ArrowLeft: here === 0 ? last : here - 1, Home: 0, End: last }[event.key];
    if (here < 0 || next === undefined) return;
    event.preventDefault();
    buttons[next].focus();
    open(tabs[next]);
  });
  open(tabs.find((tab) => `#${tab.id}` === location.hash) ?? tabs[0]);
}
