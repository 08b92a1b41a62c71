import { ActionIcon, type MantineColorScheme, Menu, useMantineColorScheme } from '@mantine/core';
import { IconLanguage } from '@tabler/icons-react';
import { type Language, languages, useLanguage, useLanguageStore, useTexts } from '../i18n/language.js';

/** The button with the menu of languages and colour schemes. */
export function AppearanceMenu({ size = 44 }: { size?: number }) {
  const { account } = useTexts();
  return (
    <Menu position="bottom-end" width={220} withinPortal>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size={size} radius="xl" aria-label={account.appearance}>
          <IconLanguage size={22} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <AppearanceItems />
      </Menu.Dropdown>
    </Menu>
  );
}

/** The languages and colour schemes, as items of a menu. */
export function AppearanceItems() {
  const { common } = useTexts();
  const language = useLanguage();
  const store = useLanguageStore();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <>
      <Menu.Label>{common.language}</Menu.Label>
      <Menu.RadioGroup value={language} onChange={(chosen) => void store.choose(chosen as Language)}>
        {(Object.keys(languages) as Language[]).map((each) => (
          <Menu.RadioItem key={each} value={each} closeMenuOnClick>
            <span lang={each} dir={languages[each].direction}>
              {languages[each].name}
            </span>
          </Menu.RadioItem>
        ))}
      </Menu.RadioGroup>
      <Menu.Divider />
      <Menu.Label>{common.colorScheme}</Menu.Label>
      <Menu.RadioGroup
        value={colorScheme}
        onChange={(chosen) => setColorScheme(chosen as MantineColorScheme)}
      >
        {schemes.map(([scheme, text]) => (
          <Menu.RadioItem key={scheme} value={scheme} closeMenuOnClick>
            {common[text]}
          </Menu.RadioItem>
        ))}
      </Menu.RadioGroup>
    </>
  );
}

const schemes = [
  ['auto', 'system'],
  ['light', 'light'],
  ['dark', 'dark'],
] as const satisfies readonly (readonly [MantineColorScheme, string])[];
