export { Digits, type DigitsOptions, readSheet, type Sheet } from "./digits.ts";
export { type Digit, drawDigit, randomDigit, type Variation } from "./draw.ts";
export { type DigitFont, digitFonts, loadFonts } from "./fonts.ts";
