import { Text } from '@mantine/core';

/** Why a form was not accepted. Read out as soon as it appears. */
export function FormError({ text }: { text: string | undefined }) {
  return (
    <div role="alert">
      {text !== undefined && (
        <Text c="var(--mantine-color-error)" size="sm">
          {text}
        </Text>
      )}
    </div>
  );
}
