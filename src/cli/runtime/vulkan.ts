import { existsSync, readdirSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { findBrowser } from "./browser.ts";

const LOADER = "libvulkan.so.1";
const SWIFTSHADER = "vk_swiftshader_icd.json";
const LOADER_FOLDERS = [
  "/usr/lib/x86_64-linux-gnu",
  "/usr/lib/aarch64-linux-gnu",
  "/usr/lib64",
  "/usr/lib",
  "/lib64",
  "/lib",
  "/usr/local/lib",
];
const DRIVER_FOLDERS = ["/usr/share/vulkan/icd.d", "/usr/local/share/vulkan/icd.d", "/etc/vulkan/icd.d", "/usr/local/etc/vulkan/icd.d"];

/**
 * Gives Dawn what it needs on a Linux without Vulkan: loader and software driver that come with every Chromium. Returns their folder,
 * or undefined where the system has its own. Must come before the first adapter is requested.
 */
export async function provideVulkan(browser?: string): Promise<string | undefined> {
  if (process.platform !== "linux") return undefined;
  const hasDriver = Boolean(process.env.VK_ICD_FILENAMES || process.env.VK_DRIVER_FILES) || DRIVER_FOLDERS.some(holdsDriver);
  const hasLoader = [...(process.env.LD_LIBRARY_PATH ?? "").split(delimiter), ...LOADER_FOLDERS].some((it) => existsSync(join(it, LOADER)));
  if (hasDriver && hasLoader) return undefined;
  const folder = await chromiumFolder(browser);
  if (folder === undefined) return undefined;
  if (!hasDriver) process.env.VK_ICD_FILENAMES = join(folder, SWIFTSHADER);
  if (!hasLoader) keepLoaded(join(folder, LOADER));
  return folder;
}

const holdsDriver = (folder: string): boolean => existsSync(folder) && readdirSync(folder).some((file) => file.endsWith(".json"));

/** The folder of a Chromium with SwiftShader and a Vulkan loader. A distribution may install the program elsewhere than the rest. */
async function chromiumFolder(browser?: string): Promise<string | undefined> {
  const complete = (folder: string) => existsSync(join(folder, SWIFTSHADER)) && existsSync(join(folder, LOADER));
  const usual = ["/usr/lib/chromium", "/usr/lib/chromium-browser", "/opt/google/chrome"].find(complete);
  if (usual !== undefined && browser === undefined) return usual;
  for (const choice of [browser, "bundled"]) {
    const folder = await findBrowser(choice).then(
      ({ path }) => dirname(path),
      () => undefined,
    );
    if (folder !== undefined && complete(folder)) return folder;
  }
  return usual;
}

/** RTLD_NODELETE of glibc and musl, which Node gives no name. */
const KEEP = 0x1000;

/** Loads a library for the whole process: what asks for it by name afterwards gets this one. */
function keepLoaded(library: string): void {
  try {
    process.dlopen({ exports: {} }, library, constants.dlopen.RTLD_LAZY | constants.dlopen.RTLD_GLOBAL | KEEP);
  } catch {
    // Node complains that it is no addon, which it is not; it stays loaded.
  }
}
