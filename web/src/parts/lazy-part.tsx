import { Button, Group, Paper, Portal, Text } from '@mantine/core';
import { RoomcastError } from '@roomcast/client';
import { Component, type ComponentType, lazy, type ReactNode, Suspense } from 'react';
import { loadPart, reloadAfter } from '../app/new-version.js';
import { useTexts } from '../i18n/language.js';
import { LoadingPage, MessagePage } from './message-page.js';

interface Failure {
  readonly error: unknown;
  readonly onRetry: () => void;
}

interface StandIns<P> {
  /** Shown until the part is there. */
  readonly loading?: (props: P) => ReactNode;
  /** Shown in its place when it could not be loaded, or has a fault. */
  readonly failed: (props: P, failure: Failure) => ReactNode;
}

/** A part of the page that is loaded when it is first shown. What else is on the page goes on if it cannot be. */
export function lazyPart<P extends object>(
  load: () => Promise<ComponentType<P>>,
  { loading, failed }: StandIns<P>,
): (props: P) => ReactNode {
  const begin = () => lazy(async () => ({ default: await loadPart(load) })) as unknown as ComponentType<P>;
  let Part = begin();
  // React keeps a failure: another attempt needs another component.
  const beginAgain = () => {
    Part = begin();
  };
  return function LazyPart(props: P) {
    return (
      <PartBoundary onFailed={beginAgain} failed={(failure) => failed(props, failure)}>
        {() => (
          <Suspense fallback={loading?.(props)}>
            <Part {...props} />
          </Suspense>
        )}
      </PartBoundary>
    );
  };
}

/**
 * A dialog or drawer.
 * @param close what closes it
 * @param isOpen whether it is open, for those that stay when they are not
 */
export const lazyDialog = <P extends object>(
  load: () => Promise<ComponentType<P>>,
  close: (props: P) => void,
  isOpen: (props: P) => boolean = () => true,
): ((props: P) => ReactNode) =>
  lazyPart<P>(load, {
    failed: (props, failure) => isOpen(props) && <DialogFailure {...failure} onClose={() => close(props)} />,
  });

/** A whole page. */
export const lazyPage = <P extends object>(
  load: () => Promise<ComponentType<P>>,
): ((props: P) => ReactNode) =>
  lazyPart<P>(load, {
    loading: () => <LoadingPage />,
    failed: (_props, failure) => <PageFailure {...failure} />,
  });

interface BoundaryState {
  readonly hasFailed: boolean;
  readonly error?: unknown;
}

class PartBoundary extends Component<
  {
    readonly onFailed: () => void;
    readonly failed: (failure: Failure) => ReactNode;
    /** A function, so that another attempt shows another component. */
    readonly children: () => ReactNode;
  },
  BoundaryState
> {
  override state: BoundaryState = { hasFailed: false };

  static getDerivedStateFromError(error: unknown): BoundaryState {
    return { hasFailed: true, error };
  }

  override componentDidCatch(error: Error): void {
    this.props.onFailed();
    void reloadAfter(error);
  }

  override render(): ReactNode {
    const { hasFailed, error } = this.state;
    return hasFailed ? this.props.failed({ error, onRetry: this.#retry }) : this.props.children();
  }

  readonly #retry = (): void => this.setState({ hasFailed: false });
}

const isOffline = (error: unknown): boolean => error instanceof RoomcastError && error.code === 'network';

/** Beside what the page shows, and not over it: the music and the room go on. */
function DialogFailure({ error, onRetry, onClose }: Failure & { readonly onClose: () => void }) {
  const { common, entrance } = useTexts();
  return (
    <Portal>
      <Paper
        role="alert"
        withBorder
        shadow="lg"
        p="md"
        pos="fixed"
        style={{
          insetInline: 16,
          insetBlockEnd: 'max(16px, env(safe-area-inset-bottom))',
          maxWidth: 440,
          marginInline: 'auto',
          zIndex: 'var(--mantine-z-index-overlay)',
        }}
      >
        <Text size="sm">{isOffline(error) ? entrance.partUnreachable : entrance.partFailed}</Text>
        <Group justify="end" gap="xs" mt="sm">
          <Button variant="subtle" color="gray" h={44} onClick={onClose}>
            {common.close}
          </Button>
          {!isOffline(error) && <ReloadButton />}
          <Button h={44} onClick={onRetry}>
            {common.tryAgain}
          </Button>
        </Group>
      </Paper>
    </Portal>
  );
}

/** In the place of a small part. */
export function InlineFailure({ error, onRetry }: Failure) {
  const { common, entrance } = useTexts();
  return (
    <Group role="alert" justify="space-between" gap="xs">
      <Text size="sm">{isOffline(error) ? entrance.partUnreachable : entrance.partFailed}</Text>
      <Button variant="default" h={44} onClick={onRetry}>
        {common.tryAgain}
      </Button>
    </Group>
  );
}

function PageFailure({ error, onRetry }: Failure) {
  const { common, entrance } = useTexts();
  const text = isOffline(error) ? entrance.partUnreachable : entrance.partFailed;
  return (
    <MessagePage isNews title={entrance.faultTitle} text={text}>
      <Group justify="center">
        <Button onClick={onRetry}>{common.tryAgain}</Button>
        {!isOffline(error) && <ReloadButton />}
      </Group>
    </MessagePage>
  );
}

function ReloadButton() {
  const { entrance } = useTexts();
  return (
    <Button variant="default" h={44} onClick={() => location.reload()}>
      {entrance.reload}
    </Button>
  );
}
