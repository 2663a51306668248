// A picture of the reader's own, for widgets whose numbers are computed in the page: `shared = ("opener.js",)`.
// It is chosen, dropped on the widget or pasted into it, read by the browser, and stays there.

const LARGEST_FILE = 64e6; // bytes; a photograph of fifty megapixels has half as many

// Its centred part in the given shape, each pixel the mean of what it covers: rows x columns x 3 from 0 to 1.
async function opened(file, rows, columns) {
  const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" }); // as the camera was held
  const scale = Math.min(bitmap.width / columns, bitmap.height / rows);
  const [width, height] = [scale * columns, scale * rows];
  const fine = Math.max(Math.min(8, Math.floor(2048 / Math.max(rows, columns))), 1);
  const large = tk.blank(fine * columns, fine * rows);
  const g = large.getContext("2d", { willReadFrequently: true });
  g.imageSmoothingQuality = "high";
  g.fillStyle = "#ffffff"; // behind what is transparent
  g.fillRect(0, 0, large.width, large.height);
  g.drawImage(bitmap, (bitmap.width - width) / 2, (bitmap.height - height) / 2, width, height, 0, 0, large.width, large.height);
  bitmap.close();
  const d = g.getImageData(0, 0, large.width, large.height).data;
  const values = new Float32Array(3 * rows * columns);
  for (let y = 0; y < large.height; y++) {
    for (let x = 0; x < large.width; x++) {
      const from = 4 * (y * large.width + x), to = 3 * (Math.floor(y / fine) * columns + Math.floor(x / fine));
      for (let k = 0; k < 3; k++) values[to + k] += d[from + k] / (255 * fine * fine);
    }
  }
  return values;
}

// A file input at the end of the card's controls; dropping and pasting reach the whole card.
// onPicture(values, file) gets what `opened` gives; what is no picture is told in words.
function opener(card, { rows, columns, onPicture }) {
  const input = tk.element("input", {
    type: "file", accept: "image/*", id: `own-${Math.random().toString(36).slice(2)}`, onchange: () => take(input.files),
    style: "width:100%;min-height:44px;padding:0.55rem 0;font:inherit;font-size:0.95rem;color:inherit",
  });
  const label = tk.element("label", { for: input.id }, "A photograph of your own: choose it, drop it here or paste it (it stays on your device)");
  const field = tk.element("div", { class: "tk-field tk-wide" }, label, input);
  input.style.gridColumn = label.style.gridColumn = "1 / -1";
  card.controls.append(field);
  let latest = 0; // of two files the one that was given last counts, however long the other takes

  async function take(files) {
    const [file] = files;
    const turn = ++latest;
    if (!file) return;
    if (file.size > LARGEST_FILE) {
      card.say(`The file ${file.name} has ${Math.round(file.size / 1e6)} megabytes, and ${LARGEST_FILE / 1e6} are the most. Save it smaller first.`);
      return;
    }
    let values = null;
    try {
      values = await opened(file, rows, columns);
    } catch {
      if (turn === latest) card.say(`The file ${file.name} cannot be read as a picture. A photograph in JPEG, PNG or WebP will do.`);
      return;
    }
    if (turn === latest) onPicture(values, file);
  }

  const over = (is) => { card.root.style.boxShadow = is ? "0 0 0 3px var(--tk-accent)" : ""; };
  const held = (event) => { event.preventDefault(); event.stopPropagation(); }; // else the browser leaves the page for the file
  for (const kind of ["dragenter", "dragover"]) card.root.addEventListener(kind, (event) => { held(event); over(true); });
  card.root.addEventListener("dragleave", (event) => { if (!card.root.contains(event.relatedTarget)) over(false); });
  card.root.addEventListener("drop", (event) => {
    held(event);
    over(false);
    input.value = ""; // so that the file that was chosen before can be chosen again
    if (event.dataTransfer.files.length) take(event.dataTransfer.files);
    else card.say("What was dropped is no file. Save the picture first, then drop the file.");
  });

  // Pasted into the widget that has the focus, or else into the one that the pointer is over.
  function paste(event) {
    if (!card.root.isConnected) return document.removeEventListener("paste", paste);
    const focus = document.activeElement;
    const elsewhere = focus && focus !== document.body && focus !== document.documentElement && !card.root.contains(focus);
    if (elsewhere || !(card.root.contains(focus) || card.root.contains(event.target) || card.root.matches(":hover"))) return;
    const files = [...event.clipboardData.files];
    if (!files.length) return card.say("The clipboard holds no picture. Copy one first.");
    held(event);
    input.value = "";
    take(files);
  }
  document.addEventListener("paste", paste);
  return { element: field, input };
}
