/**
 * Copies a text.
 * @param input shows the text; on pages without TLS browsers copy only what is selected
 * @returns whether the browser let it
 */
export async function copyText(text: string, input: HTMLInputElement | null): Promise<boolean> {
  try {
    const { clipboard } = navigator as { clipboard?: Clipboard };
    if (clipboard) {
      await clipboard.writeText(text);
      return true;
    }
    input?.select();
    // There is no other way without TLS.
    return document.execCommand('copy');
  } catch {
    input?.select();
    return false;
  }
}
