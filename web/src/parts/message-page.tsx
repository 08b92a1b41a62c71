import { Center, Loader, Stack, Text, Title } from '@mantine/core';
import { type ReactNode, useEffect, useId, useRef } from 'react';
import { useTexts } from '../i18n/language.js';

/** A whole page that says one thing, with the ways to go on below it. */
export function MessagePage({
  title,
  text,
  icon,
  isNews = false,
  children,
}: {
  title: string;
  text?: string | undefined;
  icon?: ReactNode;
  /** It replaces what the user was reading: reading goes on here. */
  isNews?: boolean;
  children?: ReactNode;
}) {
  const main = useRef<HTMLElement>(null);
  const id = useId();
  useEffect(() => {
    if (isNews) main.current?.focus();
  }, [isNews, title]);
  return (
    <Center
      component="main"
      ref={main}
      tabIndex={-1}
      aria-labelledby={id}
      flex={1}
      mih="70dvh"
      p="lg"
      style={{ outline: 'none' }}
    >
      <Stack align="center" maw={440} ta="center">
        {icon}
        <Title order={1} size="h2" id={id} textWrap="balance">
          {title}
        </Title>
        {text !== undefined && (
          <Text c="dimmed" size="lg">
            {text}
          </Text>
        )}
        {children}
      </Stack>
    </Center>
  );
}

export function LoadingPage() {
  const { common } = useTexts();
  return (
    <Center component="main" flex={1} mih="100dvh" aria-busy="true">
      <Loader aria-label={common.loading} />
    </Center>
  );
}
