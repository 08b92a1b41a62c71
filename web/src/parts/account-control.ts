/** Attribute of the button that opens the account menu, or the dialog to sign in. */
export const accountControl = 'data-account-control';
