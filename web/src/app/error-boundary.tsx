import { Button } from '@mantine/core';
import { Component, type ReactNode } from 'react';
import { useTexts } from '../i18n/language.js';
import { MessagePage } from '../parts/message-page.js';
import { reloadAfter } from './new-version.js';

/** Shows a way on where a fault of the page, or a part of it that cannot be loaded, would leave nothing. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError(): { failed: boolean } {
    return { failed: true };
  }

  override componentDidCatch(error: Error): void {
    void reloadAfter(error);
  }

  override render(): ReactNode {
    return this.state.failed ? <Fault /> : this.props.children;
  }
}

function Fault() {
  const { entrance } = useTexts();
  return (
    <MessagePage title={entrance.faultTitle} text={entrance.faultText}>
      <Button onClick={() => location.reload()}>{entrance.reload}</Button>
    </MessagePage>
  );
}
