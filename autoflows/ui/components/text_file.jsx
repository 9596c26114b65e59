// A file that is read in the browser and given on as text; nothing is stored on the server. Too large a file is refused here already.
import { useState } from "react";
import { jsx, jsxs } from "@emotion/react/jsx-runtime";

export function TextFile({ label, accept = "", limit = 500000, onText, className = "" }) {
  const [problem, setProblem] = useState("");
  const take = async (file) => {
    if (!file) return;
    if (file.size > limit) {
      setProblem(`${file.name} is too large: at most ${Math.round(limit / 1000)} kB.`);
      return;
    }
    setProblem("");
    onText?.(await file.text(), file.name);
  };
  const over = (event) => event.preventDefault();
  const drop = (event) => {
    event.preventDefault();
    take(event.dataTransfer.files[0]);
  };
  return jsxs("div", {
    className: `af-text-file ${className}`,
    onDragOver: over,
    onDrop: drop,
    children: [
      jsxs("label", {
        key: "label",
        children: [
          label,
          jsx("input", {
            key: "input",
            type: "file",
            accept,
            onChange: (event) => {
              take(event.target.files[0]);
              event.target.value = ""; // the same file again is a new choice
            },
          }),
        ],
      }),
      problem ? jsx("div", { key: "problem", className: "af-field-error", role: "alert", children: problem }) : null,
    ],
  });
}
