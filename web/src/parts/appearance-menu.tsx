import { ActionIcon, type MantineColorScheme, Menu, useMantineColorScheme } from '@mantine/core';
import { IconCheck, IconLanguage } from '@tabler/icons-react';
import type { CSSProperties } from 'react';
import { type Language, languages, useLanguage, useLanguageStore, useTexts } from '../i18n/language.js';

/** The button with the menu of languages and colour schemes. */
export function AppearanceMenu({ size = 44 }: { size?: number }) {
  const { account, common } = useTexts();
  const language = useLanguage();
  const store = useLanguageStore();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <Menu position="bottom-end" width={220} withinPortal>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size={size} radius="xl" aria-label={account.appearance}>
          <IconLanguage size={22} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{common.language}</Menu.Label>
        {(Object.keys(languages) as Language[]).map((each) => (
          <Choice key={each} chosen={each === language} onChoose={() => void store.choose(each)}>
            <span lang={each} dir={languages[each].direction}>
              {languages[each].name}
            </span>
          </Choice>
        ))}
        <Menu.Divider />
        <Menu.Label>{common.colorScheme}</Menu.Label>
        {schemes.map(([scheme, text]) => (
          <Choice key={scheme} chosen={scheme === colorScheme} onChoose={() => setColorScheme(scheme)}>
            {common[text]}
          </Choice>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

const schemes = [
  ['auto', 'system'],
  ['light', 'light'],
  ['dark', 'dark'],
] as const satisfies readonly (readonly [MantineColorScheme, string])[];

const hidden: CSSProperties = { visibility: 'hidden' };

function Choice({
  chosen,
  onChoose,
  children,
}: {
  chosen: boolean;
  onChoose: () => void;
  children: React.ReactNode;
}) {
  return (
    <Menu.Item
      role="menuitemradio"
      aria-checked={chosen}
      onClick={onChoose}
      leftSection={<IconCheck size={16} style={chosen ? undefined : hidden} />}
    >
      {children}
    </Menu.Item>
  );
}
