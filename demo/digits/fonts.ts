import abril from "./fonts/abril-fatface-latin-400-normal.woff2?url";
import alfa from "./fonts/alfa-slab-one-latin-400-normal.woff2?url";
import anton from "./fonts/anton-latin-400-normal.woff2?url";
import architects from "./fonts/architects-daughter-latin-400-normal.woff2?url";
import arvo from "./fonts/arvo-latin-400-normal.woff2?url";
import bangers from "./fonts/bangers-latin-400-normal.woff2?url";
import carter from "./fonts/carter-one-latin-400-normal.woff2?url";
import caveat from "./fonts/caveat-latin-400-normal.woff2?url";
import courgette from "./fonts/courgette-latin-400-normal.woff2?url";
import courier from "./fonts/courier-prime-latin-400-normal.woff2?url";
import courierBold from "./fonts/courier-prime-latin-700-normal.woff2?url";
import covered from "./fonts/covered-by-your-grace-latin-400-normal.woff2?url";
import delius from "./fonts/delius-latin-400-normal.woff2?url";
import gochi from "./fonts/gochi-hand-latin-400-normal.woff2?url";
import inconsolata from "./fonts/inconsolata-latin-400-normal.woff2?url";
import indie from "./fonts/indie-flower-latin-400-normal.woff2?url";
import kalam from "./fonts/kalam-latin-300-normal.woff2?url";
import kalamBold from "./fonts/kalam-latin-700-normal.woff2?url";
import latoThin from "./fonts/lato-latin-300-normal.woff2?url";
import lato from "./fonts/lato-latin-400-normal.woff2?url";
import latoBlack from "./fonts/lato-latin-900-italic.woff2?url";
import baskervilleItalic from "./fonts/libre-baskerville-latin-400-italic.woff2?url";
import baskerville from "./fonts/libre-baskerville-latin-400-normal.woff2?url";
import lobster from "./fonts/lobster-latin-400-normal.woff2?url";
import lora from "./fonts/lora-latin-400-normal.woff2?url";
import mansalva from "./fonts/mansalva-latin-400-normal.woff2?url";
import merriweather from "./fonts/merriweather-latin-400-normal.woff2?url";
import nunito from "./fonts/nunito-latin-400-normal.woff2?url";
import oswald from "./fonts/oswald-latin-400-normal.woff2?url";
import patrick from "./fonts/patrick-hand-latin-400-normal.woff2?url";
import quicksand from "./fonts/quicksand-latin-400-normal.woff2?url";
import reenie from "./fonts/reenie-beanie-latin-400-normal.woff2?url";
import righteous from "./fonts/righteous-latin-400-normal.woff2?url";
import shadows from "./fonts/shadows-into-light-latin-400-normal.woff2?url";
import shortStack from "./fonts/short-stack-latin-400-normal.woff2?url";
import sueEllen from "./fonts/sue-ellen-francisco-latin-400-normal.woff2?url";
import girl from "./fonts/the-girl-next-door-latin-400-normal.woff2?url";
import zilla from "./fonts/zilla-slab-latin-400-normal.woff2?url";

/** A font that digits are drawn with. All are under the SIL Open Font License; the files have the ten digits alone (fonts/make.js). */
export interface DigitFont {
  readonly name: string;
  readonly url: string;
  /** Never trained on: what a network makes of it tells what it learned of digits, not of fonts. */
  readonly heldOut: boolean;
}

const font = (name: string, url: string, heldOut = false): DigitFont => ({ name, url, heldOut });

/** Serif, sans serif, slab, display, typewriter, handwriting. A family is trained on with all its cuts, or held out with all. */
export const digitFonts: readonly DigitFont[] = [
  font("Abril Fatface", abril),
  font("Alfa Slab One", alfa),
  font("Anton", anton),
  font("Architects Daughter", architects),
  font("Bangers", bangers),
  font("Caveat", caveat),
  font("Courgette", courgette),
  font("Courier Prime Bold", courierBold),
  font("Courier Prime", courier),
  font("Covered By Your Grace", covered),
  font("Gochi Hand", gochi),
  font("Inconsolata", inconsolata),
  font("Indie Flower", indie),
  font("Kalam Bold", kalamBold),
  font("Kalam Light", kalam),
  font("Lato Black Italic", latoBlack),
  font("Lato Light", latoThin),
  font("Lato", lato),
  font("Libre Baskerville Italic", baskervilleItalic),
  font("Libre Baskerville", baskerville),
  font("Mansalva", mansalva),
  font("Merriweather", merriweather),
  font("Oswald", oswald),
  font("Quicksand", quicksand),
  font("Reenie Beanie", reenie),
  font("Righteous", righteous),
  font("Short Stack", shortStack),
  font("Sue Ellen Francisco", sueEllen),
  font("The Girl Next Door", girl),
  font("Zilla Slab", zilla),
  font("Arvo", arvo, true),
  font("Carter One", carter, true),
  font("Delius", delius, true),
  font("Lobster", lobster, true),
  font("Lora", lora, true),
  font("Nunito", nunito, true),
  font("Patrick Hand", patrick, true),
  font("Shadows Into Light", shadows, true),
];

const family = ({ name }: DigitFont): string => `Digits ${name}`;

/** How a canvas calls the font. */
export const canvasFont = (font: DigitFont, pixels: number): string => `${pixels}px "${family(font)}"`;

/** Loads fonts, in a page or in a worker. */
export async function loadFonts(fonts: readonly DigitFont[] = digitFonts): Promise<void> {
  const set = (globalThis as { fonts?: FontFaceSet }).fonts ?? document.fonts;
  const faces = fonts.map((font) => new FontFace(family(font), `url("${new URL(font.url, location.href)}") format("woff2")`));
  for (const face of await Promise.all(faces.map((face) => face.load()))) set.add(face);
}
