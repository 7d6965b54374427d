const BLOCK = 512;

/** The files in a ustar archive, by path. Folders are left out; links are not read. */
export function readTar(archive: Uint8Array): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (let at = 0; at + BLOCK <= archive.length && archive[at] !== 0; ) {
    const field = (offset: number, length: number): string => {
      const bytes = archive.subarray(at + offset, at + offset + length);
      const end = bytes.indexOf(0);
      return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
    };
    const [name, prefix, type] = [field(0, 100), field(345, 155), field(156, 1)];
    if (field(257, 5) !== "ustar") throw new Error(`no ustar header at byte ${at}`);
    const size = Number.parseInt(field(124, 12), 8);
    const begin = at + BLOCK;
    if (Number.isNaN(size) || begin + size > archive.length) throw new Error(`the archive ends within "${name}"`);
    if (type === "0" || type === "") files.set(prefix ? `${prefix}/${name}` : name, archive.subarray(begin, begin + size));
    else if (type !== "5") throw new Error(`"${name}" is neither a file nor a folder`);
    at = begin + Math.ceil(size / BLOCK) * BLOCK;
  }
  return files;
}
