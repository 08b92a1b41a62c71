import { Button } from '@mantine/core';
import { Link } from 'wouter';
import { useTexts } from '../i18n/language.js';
import { MessagePage } from '../parts/message-page.js';
import { SitePage } from './site-page.js';

export function NotFoundPage() {
  const { common, entrance } = useTexts();
  return (
    <SitePage>
      <MessagePage title={entrance.notFoundTitle} text={entrance.notFoundText}>
        <Button component={Link} href="/">
          {common.backToRooms}
        </Button>
      </MessagePage>
    </SitePage>
  );
}
