/** The forms of a text for a number, with `#` in its place; a number whose form is left out takes `other`. */
type PluralForms = Partial<Record<Intl.LDMLPluralRule, string>> & { readonly other: string };

const rules = new Intl.PluralRules('ar');

/** Arabic counts in six forms: the noun after 3 is not that after 2, 11 or 100. */
export const plural = (count: number, forms: PluralForms): string =>
  (forms[rules.select(count)] ?? forms.other).replace('#', String(count));
