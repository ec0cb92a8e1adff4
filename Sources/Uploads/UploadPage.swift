/// The page of development mode: choose a file, send it as a frontend would, see the answer.
enum UploadPage {
    /// The token comes from the address's fragment, which never leaves the browser.
    static let html = [UInt8](
        """
        <!doctype html>
        <html lang="en">
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>Sluice (development)</title>
        <style>
          body { font: 16px/1.5 system-ui, sans-serif; max-width: 42rem; margin: 2rem auto; padding: 0 1rem; }
          label { display: block; margin: 1rem 0 .25rem; }
          input[type=text] { width: 100%; font: inherit; }
          pre { background: #f4f4f4; padding: 1rem; overflow-x: auto; white-space: pre-wrap; }
          img { max-width: 100%; }
        </style>
        <h1>Upload an image</h1>
        <form id="form">
          <label for="token">Token</label>
          <input id="token" type="text" autocomplete="off" required>
          <label for="file">JPEG, PNG or GIF</label>
          <input id="file" type="file" accept="image/jpeg,image/png,image/gif" required>
          <p><button>Upload</button></p>
        </form>
        <pre id="answer" hidden></pre>
        <p><img id="image" alt="" hidden></p>
        <script>
          const byId = id => document.getElementById(id);
          byId("token").value = new URLSearchParams(location.hash.slice(1)).get("token") || "";
          byId("form").addEventListener("submit", async event => {
            event.preventDefault();
            const file = byId("file").files[0];
            const answer = byId("answer"), image = byId("image");
            answer.hidden = false;
            image.hidden = true;
            try {
              const response = await fetch("/images", {
                method: "POST",
                headers: {
                  "Authorization": "Bearer " + byId("token").value.trim(),
                  "Content-Type": file.type,
                  "x-filename": encodeURIComponent(file.name),
                },
                body: file,
              });
              const body = await response.json();
              answer.textContent = response.status + "\\n" + JSON.stringify(body, null, 2);
              if (response.status === 201) {
                image.src = body.data.imageUrl;
                image.hidden = false;
              }
            } catch (error) {
              answer.textContent = String(error);
            }
          });
        </script>
        </html>

        """.utf8)
}
