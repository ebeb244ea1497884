"""How a report looks, and its one small script, with which the tables of failures are searched and sorted."""

from __future__ import annotations

from typing import Final

STYLE: Final = """
:root{--page:#f4f5f7;--card:#fff;--ink:#1b2430;--soft:#5b6675;--line:#dde2e9;--good:#0b6e8f;--bad:#b4441c;
--same:#a7b0bd;--band:#0b6e8f2e;--well:#eef1f5;color-scheme:light dark}
@media(prefers-color-scheme:dark){:root{--page:#11151b;--card:#1a2029;--ink:#e4e9f0;--soft:#9aa6b6;
--line:#2e3744;--good:#5cbbe0;--bad:#f08c5f;--same:#5f6b7b;--band:#5cbbe03a;--well:#232b36}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",
Roboto,"Noto Sans","DejaVu Sans",sans-serif;-webkit-text-size-adjust:100%}
main{max-width:1120px;margin:0 auto;padding:28px 20px 60px}
h1{font-size:1.75rem;line-height:1.2;margin:0 0 6px}
h2{font-size:1.2rem;margin:44px 0 12px}
h3{font-size:1rem;margin:0 0 2px}
p{margin:0 0 10px;max-width:72ch}
a{color:var(--good)}
.soft{color:var(--soft)}
.name,.prose{overflow-wrap:anywhere}
.name{font-family:ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.86em}
nav{display:flex;flex-wrap:wrap;gap:4px 18px;margin:14px 0 0;font-size:.9rem}
.shares{display:block;width:100%;height:14px;border-radius:7px;margin:18px 0 8px;background:var(--line)}
.key{display:flex;flex-wrap:wrap;gap:4px 20px;font-size:.9rem;padding:0;margin:0 0 18px;list-style:none}
.key b{display:inline-block;width:11px;height:11px;border-radius:3px;margin-right:7px}
b.done{background:var(--good)}b.failed{background:var(--bad)}b.same{background:var(--same)}
b.other{background:var(--line)}
.done{fill:var(--good)}.failed{fill:var(--bad)}.same{fill:var(--same)}.other{fill:var(--line)}
.tiles{display:grid;grid-template-columns:repeat(auto-fill,minmax(220px,1fr));gap:12px}
.tile,figure,.card{background:var(--card);border:1px solid var(--line);border-radius:10px}
.why{margin-bottom:18px}
.tile{padding:12px 14px}
.tile dt{font-size:.85rem;color:var(--soft)}
.tile dd{margin:0;font-size:1.45rem;font-weight:600;line-height:1.25;font-variant-numeric:tabular-nums}
.tile dd.note{font-size:.82rem;font-weight:400;color:var(--soft);line-height:1.35}
.tile.alarm dd:not(.note){color:var(--bad)}
dl{margin:0}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,320px),1fr));gap:14px}
.charts.wide{grid-template-columns:repeat(auto-fill,minmax(min(100%,420px),1fr))}
.charts+.charts{margin-top:14px}
figure{margin:0;padding:14px 16px 10px;min-width:0}
figcaption p{font-size:.88rem;color:var(--soft);margin:0 0 8px}
figure svg{display:block;width:100%;max-width:520px;margin:0 auto}
figure.body svg{max-height:440px}
svg text{fill:var(--soft);font-size:12px;font-family:inherit;font-variant-numeric:tabular-nums}
.bar,.dot{fill:var(--good)}.grid{stroke:var(--line)}.band{fill:var(--band)}
.line{fill:none;stroke:var(--good);stroke-width:1.5}
.bone{fill:none;stroke:var(--line);stroke-width:3;stroke-linecap:round}
.joint-back{fill:var(--card);stroke:var(--good);stroke-width:1.2}.joint{fill:var(--good)}
.shots{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,240px),1fr));gap:14px}
.shots figure{padding:0;overflow:hidden}
.shots img{display:block;width:100%;aspect-ratio:4/3;object-fit:contain;background:var(--well)}
.shots figcaption{padding:8px 12px 10px;font-size:.85rem;line-height:1.4}
.card.missing{border-left:4px solid var(--bad);padding:12px 16px;margin:18px 0}
.missing ul{margin:0;padding-left:20px}
.card{padding:4px 16px;overflow:hidden}
.card.scroll{max-height:400px;overflow:auto}
.scroll thead th{position:sticky;top:0;background:var(--card)}
table{width:100%;border-collapse:collapse;font-size:.9rem;table-layout:fixed}
th,td{text-align:left;vertical-align:top;padding:6px 14px 6px 0;border-top:1px solid var(--line);
overflow-wrap:anywhere}
thead th{border-top:0;color:var(--soft);font-weight:500}
th.n,td.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
th:last-child,td:last-child{padding-right:0}
th button{font:inherit;color:inherit;background:none;border:0;padding:0;cursor:pointer;text-align:inherit}
th button::after{content:" \\2195";opacity:.5}
th[aria-sort=ascending] button::after{content:" \\2191";opacity:1}
th[aria-sort=descending] button::after{content:" \\2193";opacity:1}
button:focus-visible,input:focus-visible{outline:2px solid var(--good);outline-offset:2px}
input{font:inherit;color:inherit;width:100%;max-width:340px;padding:7px 12px;margin:0 0 12px;
background:var(--card);border:1px solid var(--line);border-radius:8px}
.causes{margin:26px 0}
table:not(:has(thead)) tr:first-child>*{border-top:0}
table:not(:has(thead)) th{width:32%}.causes p{margin:0 0 6px}h3 .soft{font-weight:400}
pre{margin:0 0 10px;padding:12px 14px;background:var(--card);border:1px solid var(--line);border-radius:10px;
font:.86rem/1.5 ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;
white-space:pre-wrap;overflow-wrap:anywhere}
@media(max-width:640px){main{padding:18px 14px 40px}h1{font-size:1.4rem}h2{margin-top:34px}
.tiles{grid-template-columns:1fr 1fr;gap:8px}.tile dd{font-size:1.2rem}
.shots{grid-template-columns:1fr 1fr;gap:8px}
.stack thead{position:absolute;clip-path:inset(50%);width:1px;height:1px;overflow:hidden}
.stack tr{display:block;border-top:1px solid var(--line);padding:8px 0}
.stack tbody tr:first-child{border:0}
.stack td,.stack th{display:block;width:auto!important;border:0;padding:0;text-align:left}
.stack td.n{display:inline-block;color:var(--soft);font-size:.85rem;margin-right:14px}
.stack td.n::before{content:attr(data-name) " "}}
@media print{:root{--page:#fff;--card:#fff;--ink:#000;--soft:#444;--line:#bbb;--good:#0b6e8f;--bad:#b4441c;
--same:#a7b0bd;--band:#0b6e8f2e;--well:#fff}
body{font-size:11pt}main{padding:0;max-width:none}nav,input{display:none}
.card.scroll{max-height:none;overflow:visible}
figure,.tile,tr,.shots figure{break-inside:avoid}h2,h3{break-after:avoid}
.charts{grid-template-columns:repeat(3,1fr)}.charts.wide{grid-template-columns:1fr 1fr}
.tiles{grid-template-columns:repeat(4,1fr)}p{break-after:avoid}
table{font-size:8.5pt}figcaption p{font-size:8.5pt}
.scroll tbody tr:nth-child(n+41){display:none}
.scroll:has(tbody tr:nth-child(41))::after{content:"Printed are the first 40 rows.";
display:block;padding:6px 0}
.shots{grid-template-columns:repeat(4,1fr)}
th button::after{content:none}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
"""

SCRIPT: Final = """
const box=document.getElementById("find");
if(box){box.hidden=false;box.addEventListener("input",()=>{
 const words=box.value.toLowerCase();
 for(const table of document.querySelectorAll("table.failures")){
  let shown=0;
  for(const row of table.tBodies[0].rows){
   row.hidden=!row.textContent.toLowerCase().includes(words);shown+=!row.hidden}
  table.closest(".causes").hidden=!shown}});}
for(const table of document.querySelectorAll("table.failures"))
 for(const head of table.tHead.rows[0].cells){
  const button=document.createElement("button");
  button.type="button";button.textContent=head.textContent;
  head.replaceChildren(button);
  button.addEventListener("click",()=>{
   const up=head.ariaSort!=="ascending",column=head.cellIndex;
   for(const other of table.tHead.rows[0].cells)other.ariaSort=null;
   head.ariaSort=up?"ascending":"descending";
   const value=row=>row.cells[column].dataset.value??row.cells[column].textContent;
   const order=(a,b)=>value(a).localeCompare(value(b),undefined,{numeric:true});
   const body=table.tBodies[0];
   body.append(...[...body.rows].sort((a,b)=>up?order(a,b):order(b,a)))})}
"""
