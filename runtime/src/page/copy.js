for (const button of document.querySelectorAll("button.copy")) {
  button.addEventListener("click", async () => {
    const text = document.getElementById(button.getAttribute("aria-controls")).textContent;
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  });
}
