const a = <p title="import 'x'">don't import x from "y"</p>;
const b = /import "x"/, c = `import "x" ${require("./b")}`;
// import "x"
