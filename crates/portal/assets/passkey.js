// Fills forms in that a passkey answers: reads the options, asks the browser, sends the form.

const bytes = (text) => {
  const base64 = text.replaceAll('-', '+').replaceAll('_', '/');
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
};

const text = (buffer) => {
  if (!buffer) return undefined;
  const binary = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join('');
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
};

const known = (list) => list?.map((key) => ({ ...key, id: bytes(key.id) }));

const ceremonies = {
  create: async (options) => {
    options.challenge = bytes(options.challenge);
    options.user.id = bytes(options.user.id);
    options.excludeCredentials = known(options.excludeCredentials);
    const made = await navigator.credentials.create({ publicKey: options });
    return {
      id: made.id,
      rawId: text(made.rawId),
      type: made.type,
      extensions: made.getClientExtensionResults(),
      response: {
        attestationObject: text(made.response.attestationObject),
        clientDataJSON: text(made.response.clientDataJSON),
        transports: made.response.getTransports?.() ?? [],
      },
    };
  },
  get: async (options) => {
    options.challenge = bytes(options.challenge);
    options.allowCredentials = known(options.allowCredentials);
    const signed = await navigator.credentials.get({ publicKey: options });
    return {
      id: signed.id,
      rawId: text(signed.rawId),
      type: signed.type,
      extensions: signed.getClientExtensionResults(),
      response: {
        authenticatorData: text(signed.response.authenticatorData),
        clientDataJSON: text(signed.response.clientDataJSON),
        signature: text(signed.response.signature),
        userHandle: text(signed.response.userHandle),
      },
    };
  },
};

for (const form of document.querySelectorAll('form[data-passkey]')) {
  const button = form.querySelector('button');
  const alert = form.querySelector('[role=alert]');
  const say = (words) => {
    alert.textContent = words;
    alert.hidden = !words;
  };
  const ask = async () => {
    say('');
    button.disabled = true;
    try {
      const answer = await ceremonies[form.dataset.passkey](JSON.parse(form.dataset.options));
      form.elements.answer.value = JSON.stringify(answer);
      form.submit();
    } catch (error) {
      say(error.name === 'InvalidStateError' ? form.dataset.known : form.dataset.cancelled);
      button.textContent = form.dataset.again;
      button.disabled = false;
    }
  };
  if (!window.PublicKeyCredential) {
    say(form.dataset.unsupported);
    continue;
  }
  button.disabled = false;
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    ask();
  });
  if (form.dataset.atOnce) ask();
}
