import { createTheme, type MantineColorsTuple } from '@mantine/core';

/** From light to dark; 6 is the accent on light, 5 on dark backgrounds. */
const ember: MantineColorsTuple = [
  '#fff0e8',
  '#ffe0d1',
  '#fcbfa3',
  '#fa9b71',
  '#f87d47',
  '#f7692c',
  '#c8410b',
  '#ab3506',
  '#912e07',
  '#722204',
];

export const theme = createTheme({
  primaryColor: 'ember',
  primaryShade: { light: 6, dark: 5 },
  autoContrast: true,
  // Text on the accent of dark backgrounds is dark: white has a contrast of 3 there.
  luminanceThreshold: 0.25,
  colors: { ember },
  defaultRadius: 'md',
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Noto Sans Arabic", sans-serif',
  respectReducedMotion: true,
  cursorType: 'pointer',
});
