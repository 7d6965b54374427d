/** Where WebGPU is found, by browser: what to tell somebody who has none. */
const browsers = [
  {
    name: "Chrome and Edge",
    pattern: /Chrome\/|CriOS\//,
    advice:
      "have had WebGPU since version 113 on Windows, macOS and ChromeOS, and since 121 on Android 12 and later. On Linux it comes with 144 on Intel GPUs of " +
      "generation 12 or later; for others open chrome://flags, enable “Unsafe WebGPU Support” and “Vulkan”, and restart the browser. " +
      "Check too that “Use graphics acceleration when available” is on in the settings, under System.",
  },
  {
    name: "Safari",
    pattern: /^(?!.*(Chrome|CriOS|FxiOS|Firefox)).*Safari\//,
    advice:
      "has had WebGPU since version 26, on macOS 26, iOS 26 and iPadOS 26. On earlier systems use Chrome on the Mac, or update the device. " +
      "Every browser on an iPhone or iPad uses Safari's engine.",
  },
  {
    name: "Firefox",
    pattern: /Firefox\/|FxiOS\//,
    advice:
      "has had WebGPU since version 141 on Windows and 145 on Macs with Apple silicon. Elsewhere open about:config, set dom.webgpu.enabled to true and restart, " +
      "or use Firefox Nightly.",
  },
] as const;

async function reason(): Promise<string | undefined> {
  if (!window.isSecureContext)
    return "This page was loaded over plain HTTP from another machine, and browsers offer WebGPU only over HTTPS or from localhost.";
  if (!navigator.gpu) return "This browser has no WebGPU, or it is switched off.";
  if (!(await navigator.gpu.requestAdapter().catch(() => null)))
    return "This browser knows WebGPU, but found no GPU it can use: the driver may be too old or on the browser's blocklist.";
  return undefined;
}

/** A notice that says what to do, or undefined where WebGPU works. */
export async function missingWebGpu(): Promise<HTMLElement | undefined> {
  const why = await reason();
  if (!why) return undefined;
  const own = browsers.find(({ pattern }) => pattern.test(navigator.userAgent));
  const notice = document.createElement("section");
  notice.className = "card help";
  notice.setAttribute("role", "alert");
  notice.innerHTML = `<h2>This demo needs WebGPU</h2><p class="why"></p><h3>What you can do</h3><ul></ul>
    <p>Then load this page again. Nothing has to be installed beside the browser.</p>`;
  notice.querySelector(".why")?.replaceChildren(why);
  const list = notice.querySelector("ul");
  for (const browser of [...browsers].sort((a, b) => Number(b === own) - Number(a === own))) {
    const item = document.createElement("li");
    const name = document.createElement("strong");
    name.textContent = browser === own ? `${browser.name} (this browser)` : browser.name;
    item.append(name, ` ${browser.advice}`);
    list?.append(item);
  }
  return notice;
}
