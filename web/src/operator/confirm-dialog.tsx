import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { useTexts } from '../i18n/language.js';
import { FormError } from '../parts/form-error.js';
import { describeOperatorError } from './describe-operator-error.js';

/** Something that is asked before it is done. */
export interface Confirmation {
  readonly title: string;
  readonly text: string;
  /** What the button that does it says. */
  readonly action: string;
  readonly run: () => Promise<unknown>;
  /** Called when it is done. */
  readonly onDone?: () => void;
}

export function ConfirmDialog({
  confirmation,
  onClose,
}: {
  confirmation: Confirmation | undefined;
  onClose: () => void;
}) {
  const texts = useTexts();
  const { common } = texts;
  const [error, setError] = useState<string>();
  const [isBusy, setBusy] = useState(false);

  const close = () => {
    setError(undefined);
    onClose();
  };

  async function run({ run: command, onDone }: Confirmation) {
    setBusy(true);
    setError(undefined);
    try {
      await command();
      onDone?.();
      close();
    } catch (caught) {
      setError(describeOperatorError(caught, texts));
    } finally {
      setBusy(false);
    }
  }

  return (
    <Modal
      opened={confirmation !== undefined}
      onClose={close}
      centered
      radius="lg"
      title={confirmation?.title}
      closeButtonProps={{ 'aria-label': common.close }}
    >
      {confirmation && (
        <Stack>
          <Text size="sm">{confirmation.text}</Text>
          <FormError text={error} />
          <Group justify="flex-end">
            <Button h={44} variant="default" onClick={close}>
              {common.cancel}
            </Button>
            <Button h={44} color="red" loading={isBusy} onClick={() => void run(confirmation)}>
              {confirmation.action}
            </Button>
          </Group>
        </Stack>
      )}
    </Modal>
  );
}
