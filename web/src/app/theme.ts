import {
  createTheme,
  type CSSVariablesResolver,
  defaultVariantColorsResolver,
  type MantineColorsTuple,
} from '@mantine/core';

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

/** Warm greys: 0 is text, 2 dimmed text, 7 the page. */
const dark: MantineColorsTuple = [
  '#ece8e5',
  '#cfcac6',
  '#a8a29e',
  '#8c8580',
  '#4a4542',
  '#393532',
  '#24211f',
  '#161413',
  '#100f0e',
  '#0b0a0a',
];

/** The page is a little darker than what lies on it. */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: { '--mantine-color-body': '#f8f5f2', '--mantine-color-dimmed': '#6a645f' },
  dark: {},
});

export const theme = createTheme({
  primaryColor: 'ember',
  primaryShade: { light: 6, dark: 5 },
  autoContrast: true,
  // Text on ember 5 is black: white is too pale there.
  luminanceThreshold: 0.27,
  // Mantine takes the text's color from the light scheme's shade.
  variantColorResolver: (input) => {
    const colors = defaultVariantColorsResolver(input);
    const isAccent = input.variant === 'filled' && (input.color ?? 'ember') === 'ember';
    return isAccent ? { ...colors, color: 'var(--mantine-primary-color-contrast)' } : colors;
  },
  colors: { ember, dark },
  defaultRadius: 'md',
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Noto Sans Arabic", sans-serif',
  respectReducedMotion: true,
  cursorType: 'pointer',
});
