/** Redeems the token of the link, or loads the page again if this browser is signed in already. */
export async function signIn(notice: HTMLElement): Promise<void> {
  const address = `${notice.dataset['basePath'] ?? ''}/session`;
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  try {
    const answer =
      token === null
        ? await fetch(address)
        : await fetch(address, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify({ token }),
          });
    const { signedIn, error } = await answer.json();
    // The token is used up, and must not stay in the history of the browser.
    if (token !== null) history.replaceState(null, '', location.pathname + location.search);
    // A navigation from another site does not send the cookie; a reload from this page does.
    if (signedIn === true) location.reload();
    else if (error !== undefined) notice.textContent = `${error.message}. ${error.hint}`;
  } catch {
    notice.textContent = 'The server does not answer. Load the page again.';
  }
}
